"""A contract made ready to run: operations bound to behaviours, schemas compiled, answers' shapes known."""

import random
from collections.abc import Mapping
from typing import Any

from mockserver.engine.authority import Authority
from mockserver.engine.behaviours import Collection
from mockserver.engine.hooks import Hooks, Rule, unique_rule
from mockserver.engine.operations import Document, MediaType, Operation, ResponseSpec, SecurityScheme
from mockserver.engine.plans import Compiler, ParameterPlan, SchemaPlan
from mockserver.engine.problems import DEFAULT_SCHEMA, Shaper
from mockserver.engine.resources import Resource, bind
from mockserver.engine.routing import Router
from mockserver.engine.samples import Sampler
from mockserver.engine.views import Cut, cutter
from mockserver.errors import DocumentError, Fault

__all__ = ["Contract", "OperationPlan", "ResponsePlan"]

_ANNOTATIONS = {"type", "items", "description", "title", "example", "examples", "deprecated", "$comment"}


# One of the ways in which an operation lets callers in: credentials by their schemes, and the roles that it takes.
SecurityOption = tuple[tuple[tuple[str, SecurityScheme | None], ...], frozenset[str]]


class ResponsePlan:
    """How one declared response is cut, judged and written.

    ``view`` names the schema that a single record is judged by, so that one judgement serves every operation that
    answers the same schema; ``items`` is the same for the entries of a plain array, whose validity follows from theirs.
    """

    def __init__(self, document: Document, compiler: Compiler, spec: ResponseSpec) -> None:
        media = next((m for m in spec.media_types if m.is_json), None)
        self.spec = spec
        self.media = media
        self.content_type = _content_type(media) if media else ""
        if media is None and spec.media_types and "*" not in spec.media_types[0].name:
            self.content_type = spec.media_types[0].name
        self.view = ""
        self.items = ""
        self.cut: Cut | None = None
        self.plan: SchemaPlan | None = None
        self.item_plan: SchemaPlan | None = None
        if media is None or not media.pointer:
            return
        schema, self.view = document.locate(document.at(media.pointer), media.pointer)
        self.plan = compiler.schema(media.pointer)
        self.cut = cutter(document, schema, drop="writeOnly")
        if schema.get("type") == "array" and "items" in schema and not schema.keys() - _ANNOTATIONS:
            inner, self.items = document.locate(schema["items"], f"{self.view}/items")
            self.item_plan = compiler.schema(self.items)
            self.cut = cutter(document, inner, drop="writeOnly")


class OperationPlan:
    """Everything about one operation that can be known before a request comes."""

    def __init__(self, contract: "Contract", operation: Operation) -> None:
        document, compiler = contract.document, contract.compiler
        self.operation = operation
        binding = contract.bindings[operation.pointer]
        self.role = binding.role
        self.resource = binding.resource
        self.collection = contract.collections[binding.resource.name] if binding.resource else None
        self.parameters = tuple(ParameterPlan(p, document, compiler.schema(p.pointer)) for p in operation.parameters)
        self.path_only = all(p.where == "path" for p in self.parameters)
        self.body_plans = {m.name: compiler.schema(m.pointer) for m in operation.body}
        self.responses: dict[int, ResponsePlan] = {}
        self.on_item = self.role in {"get", "update", "replace", "delete"}
        self.body_rules: tuple[Rule, ...] = ()
        self.state_rules: tuple[Rule, ...] = ()
        schemes = document.security_schemes
        self.security: tuple[SecurityOption, ...] = tuple(
            (tuple((name, schemes.get(name)) for name in option), frozenset().union(*option.values()))
            for option in operation.security
        )

    def response(self, contract: "Contract", status: int) -> ResponsePlan | None:
        """Return how a status is answered, or ``None`` when the contract does not declare it."""
        plan = self.responses.get(status)
        if plan is None:
            spec = self.operation.response(status)
            if spec is None:
                return None
            plan = self.responses[status] = ResponsePlan(contract.document, contract.compiler, spec)
        return plan


class Contract:
    """One document, compiled. ``hooks`` holds the domain's part by collection name."""

    def __init__(self, raw: Mapping[str, Any], hooks: Mapping[str, type[Hooks]] | None = None) -> None:
        self.document = document = Document(raw)
        self.compiler = Compiler(document)
        self.authority = Authority(document)
        self.bindings, self.resources = bind(document)
        self.router = Router(document.operations, trailing_slash=bool(raw.get("x-trailing-slash")))
        self.first_credential_wins = bool(raw.get("x-first-credential-wins"))
        self.any_content_type = bool(raw.get("x-any-content-type"))
        hooks = hooks or {}
        self.collections = {
            name: Collection(
                document, resource, hooks.get(name, Hooks)(resource.defaults, _write_only(document, resource))
            )
            for name, resource in self.resources.items()
        }
        self.nested: dict[str, tuple[str, ...]] = dict.fromkeys(self.resources, ())
        for resource in self.resources.values():
            for parent in resource.parents:
                self.nested[parent.name] += (resource.name,)
        self.plans = {operation.pointer: OperationPlan(self, operation) for operation in document.operations}
        for plan in self.plans.values():
            self._attach_rules(plan)
        self._errors: dict[tuple[str, int], tuple[ResponsePlan | None, Shaper]] = {}
        self._sampler = Sampler(document.resolve)

    def error(self, plan: OperationPlan | None, status: int) -> tuple[ResponsePlan | None, Shaper]:
        """Return the declared response and the shaper for an error answer.

        Where an operation does not declare the status, and for paths outside the contract, the shape is that which
        other operations use; where the document has none at all, it is RFC 9457's.
        """
        key = (plan.operation.pointer if plan else "", status)
        if key not in self._errors:
            self._errors[key] = self._find_error(plan, status)
        return self._errors[key]

    def sample(self, schema: Any) -> Any:
        """Return some value for a schema, always the same."""
        return self._sampler.sample(schema, random.Random(0))  # noqa: S311  # reproducible on purpose

    def _find_error(self, plan: OperationPlan | None, status: int) -> tuple[ResponsePlan | None, Shaper]:
        own = plan.response(self, status) if plan else None
        if own is not None and own.media is not None:
            return own, Shaper(own.media.schema, self.document.resolve)
        wanted = [str(status), f"{status // 100}XX", "default", "404", "400", "422", "500"]
        for code in wanted:
            for other in self.plans.values():
                spec = other.operation.responses.get(code)
                if spec is not None and any(m.is_json for m in spec.media_types):
                    found = ResponsePlan(self.document, self.compiler, spec)
                    if found.media is not None:
                        return found, Shaper(found.media.schema, self.document.resolve)
        return None, Shaper(DEFAULT_SCHEMA, self.document.resolve)

    def _attach_rules(self, plan: OperationPlan) -> None:
        if plan.resource is None or plan.collection is None:
            return
        rules: list[Rule] = []
        if plan.role in {"create", "replace", "update"}:
            rules = [unique_rule(name) for name in plan.resource.unique]
        available = {**{rule.id: rule for rule in rules}, **plan.collection.hooks.rules}
        for name in plan.operation.rules:
            if name not in available:
                raise DocumentError(
                    Fault(
                        f"nothing implements the rule {name!r}",
                        pointer=f"{plan.operation.pointer}/x-rules",
                        hint=f"Known are: {', '.join(sorted(available))}.",
                    )
                )
        listed = [available[name] for name in plan.operation.rules]
        rules = [*(rule for rule in rules if rule.id not in plan.operation.rules), *listed]
        plan.body_rules = tuple(rule for rule in rules if not rule.needs_state)
        plan.state_rules = tuple(rule for rule in rules if rule.needs_state)


def _write_only(document: Document, resource: Resource) -> dict[str, tuple[str, ...]]:
    """Return, for each member of an item that holds write-only members, the names of those."""
    found: dict[str, tuple[str, ...]] = {}
    for name, node in document.properties(resource.item_schema).items():
        inner = document.properties(node)
        secret = tuple(key for key, value in inner.items() if document.resolve(value).get("writeOnly"))
        if secret:
            found[name] = secret
    return found


def _content_type(media: MediaType) -> str:
    """Return the ``Content-Type`` of an answer: JSON says its character set, as deployed servers do."""
    return media.name if ";" in media.name or not media.is_json else f"{media.name}; charset=utf-8"
