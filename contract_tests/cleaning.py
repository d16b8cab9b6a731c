"""Remove what a killed run left behind: everything whose name or display name carries its id, and nothing else."""

from contract_tests.aftermath import Guardian
from contract_tests.documents import load_contract
from contract_tests.errors import CannotTest, UsageError
from contract_tests.ledger import run_of, runs_seen
from contract_tests.options import Options
from contract_tests.session import Session


def clean(options: Options) -> tuple[int, list[str]]:
    """Remove the providers of the run `options.run_id`; return how many, and what could not be removed.

    Raises :class:`UsageError` where no run is named (the message lists those that are seen), :class:`CannotTest` where
    the list cannot be read.
    """
    session = Session(options, load_contract(options.profile, options.contract))
    listed = session.list_providers()
    if listed is None:
        url = session.redact(options.base_url)
        raise CannotTest(f"the list of {url} cannot be read; check the address and --token")
    if not options.run_id:
        seen = runs_seen(listed)
        found = ", ".join(f"{run} ({count} providers)" for run, count in seen.items()) or "none"
        raise UsageError(f"say which run by --run ID; runs that left something behind: {found}")
    session.ledger.sent_names.update(str(one.get("name")) for one in listed if run_of(one) == options.run_id)
    before = sum(session.ledger.made(provider) for provider in listed)
    left = Guardian(session).clean()
    return before - len(left), left
