"""The mock as a WSGI application, for a server that is not its own."""

import os

from mockserver.app import create_app
from mockserver.settings import Settings

app = create_app(Settings(profile=os.environ["EMBEDDED_PROFILE"], fixtures=os.environ["EMBEDDED_FIXTURE"]))
