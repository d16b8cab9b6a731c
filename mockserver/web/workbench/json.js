// JSON as text for people: indented and coloured, with every number and escape as it was sent.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;
const COLOURED = 100_000;

// Return the tokens of a JSON text with the white space between them that people expect, or null where it is no JSON.
function laidOut(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(TOKEN) ?? [];
  const parts = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      const empty = next === "}" || next === "]";
      depth += 1;
      parts.push(["", token + (empty ? "" : line())]);
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const empty = tokens[index - 1] === "{" || tokens[index - 1] === "[";
      parts.push(["", (empty ? "" : line()) + token]);
    } else if (token === ",") {
      parts.push(["", token + line()]);
    } else if (token === ":") {
      parts.push(["", ": "]);
    } else {
      parts.push([token[0] !== '"' ? "literal" : next === ":" ? "name" : "string", token]);
    }
  });
  return parts;
}

export function pretty(text) {
  return laidOut(text)?.map(([, part]) => part).join("") ?? text;
}

// Return a block with a body: JSON laid out, anything else as it is.
export function showBody(text, label) {
  const block = document.createElement("pre");
  block.className = "code";
  block.tabIndex = 0;
  block.setAttribute("role", "region");
  block.setAttribute("aria-label", label);
  const parts = laidOut(text);
  if (parts === null || text.length > COLOURED) {
    block.textContent = parts === null ? text : parts.map(([, part]) => part).join("");
    return block;
  }
  for (const [kind, part] of parts) {
    if (!kind) {
      block.append(part);
      continue;
    }
    const span = document.createElement("span");
    span.className = `json-${kind}`;
    span.textContent = part;
    block.append(span);
  }
  return block;
}
