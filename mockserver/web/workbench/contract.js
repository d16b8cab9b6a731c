// What is served: operations, with the way to their exchanges and to Swagger UI.

import { context, on, tell } from "./context.js";
import { button, fill, h, table } from "./dom.js";

export function contractView() {
  const body = h("div");
  function draw() {
    const { contract, settings, version, python, platform, users } = context.info;
    fill(body,
      h("p", {}, `${contract.title}, version ${contract.version}, from ${contract.name}.`),
      h("p", { class: "actions" }, h("a", { class: "button primary", href: "docs/" }, "Open in Swagger UI"), h("a", { class: "button", href: "docs/?document=control" }, "Control API in Swagger UI")),
      h("h3", {}, "Operations"),
      table("Operations", ["Operation", "Method", "Path", "Statuses", ""], contract.operations.map((one) => [
        h("code", {}, one.id), h("span", { class: "method", "data-method": one.method }, one.method), h("code", {}, one.path), one.statuses.join(", "),
        button("Exchanges", () => tell("filter", one.id), { class: "small", "aria-label": `Exchanges of ${one.id}` }),
      ]), { class: "stack" }),
      h("h3", {}, "Users of the fixture"),
      table("Users", ["Name", "Roles"], (users ?? []).map((one) => [one.name, (one.roles ?? []).join(", ") || "none"])),
      h("h3", {}, "Settings"),
      table("Settings", ["Setting", "Value"], [...Object.entries(settings).map(([name, value]) => [name, String(value)]), ["mock", version], ["python", `${python} on ${platform}`]]));
  }
  on("session", draw);
  on("restarted", draw);
  return { element: h("div", { class: "card" }, h("h2", {}, "Contract"), body) };
}
