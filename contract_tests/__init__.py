"""Contract tests: judge a running implementation of the API against its OpenAPI document.

The package tests any base URL and imports nothing of the mock. `contract-tests run BASE_URL` and
`pytest contract_tests --base-url BASE_URL` run the same checks.
"""
