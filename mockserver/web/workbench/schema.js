// The little that the editor of records reads from the contract: operations of a collection, members of their bodies.

function resolve(document, node) {
  for (let depth = 0; node?.$ref && depth < 20; depth += 1) {
    if (!node.$ref.startsWith("#/")) return {};
    node = node.$ref.slice(2).split("/").reduce((inner, part) => inner?.[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")], document);
  }
  return node ?? {};
}

// Return the members of a schema, those of all its parts together: name to { schema, required }.
export function membersOf(document, node, depth = 0) {
  const schema = resolve(document, node);
  const members = new Map();
  if (depth > 6) return members;
  const required = new Set(schema.required ?? []);
  for (const part of schema.allOf ?? []) for (const [name, member] of membersOf(document, part, depth + 1)) members.set(name, member);
  for (const part of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    for (const [name, member] of membersOf(document, part, depth + 1)) if (!members.has(name)) members.set(name, { ...member, required: false });
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) members.set(name, { schema: resolve(document, inner), required: required.has(name) });
  return members;
}

// Return an operation by its template and method, with where it is found in the document.
export function operation(document, info, path, method) {
  const { base_path: base, operations } = info.contract;
  const known = operations.find((one) => one.path === path && one.method === method);
  if (!known) return null;
  const at = document.paths[path] ?? document.paths[path.startsWith(base) ? path.slice(base.length) || "/" : path];
  const found = at?.[method.toLowerCase()] ?? {};
  const content = Object.entries(resolve(document, found.requestBody).content ?? {});
  const [type, media] = content.find(([name]) => /json/.test(name)) ?? ["application/json", {}];
  return { ...known, type, members: membersOf(document, media.schema ?? {}) };
}

// Return the operations that change a collection through the API, each null where the contract has none.
export function operationsOf(document, info, collection) {
  const item = info.contract.operations.map((one) => one.path).find((path) => path.startsWith(`${collection.path}/{`) && !path.slice(collection.path.length + 1).includes("/"));
  const at = (path, method) => (path ? operation(document, info, path, method) : null);
  return {
    create: at(collection.path, "POST"),
    change: at(item, "PATCH") ?? at(item, "PUT"),
    remove: at(item, "DELETE"),
  };
}

// Return a path with the ids of a record in the place of its parameters; for a nested record its key has them all.
export function addressed(template, key) {
  const ids = key.split(",");
  return template.replaceAll(/\{[^}]+\}/g, () => encodeURIComponent(ids.shift() ?? ""));
}
