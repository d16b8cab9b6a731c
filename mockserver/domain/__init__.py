"""What single APIs need beyond their documents: one package per API."""
