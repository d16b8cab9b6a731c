// Snapshots: named states that every session can go back to, and what differs between two states.

import { call, of, query } from "./api.js";
import { changed, context, on } from "./context.js";
import { attempt, button, confirmed, download, field, fill, h, select, table, toast, when } from "./dom.js";
import { pretty } from "./json.js";

export function snapshotsView() {
  let visible = false;
  let snapshots = [];
  const list = h("div");
  const problem = h("div");
  const differences = h("div", { "aria-live": "polite" });
  const name = h("input", { required: true, pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}", maxlength: 64, spellcheck: "false", autocomplete: "off" });
  const from = select([]);
  const to = select([]);

  async function load() {
    if (!visible || !context.info) return;
    const found = await attempt(() => call("GET", "/snapshots"), problem);
    if (!found) return;
    snapshots = found.snapshots;
    draw();
  }

  function draw() {
    fill(list, snapshots.length
      ? table("Snapshots", ["Name", "Of session", "Taken", "Records", ""], snapshots.map(row), { class: "stack" })
      : h("div", { class: "empty" }, h("h2", {}, "No snapshots"), h("p", {}, "Take one before you change something, to come back to it and to see what changed.")));
    choices(from, "fixture");
    choices(to, `session:${context.session}`);
  }

  function choices(control, otherwise) {
    const before = control.value;
    const known = [["fixture", "the fixture"], ...snapshots.map((one) => [`snapshot:${one.name}`, `snapshot ${one.name}`]),
      ...(context.sessions ?? [{ name: context.session }]).slice(0, 100).map((one) => [`session:${one.name}`, `session ${one.name}`])];
    fill(control, known.map(([value, label]) => h("option", { value }, label)));
    control.value = known.some(([value]) => value === before) ? before : otherwise;
  }

  function row(one) {
    return [one.name, one.session, when(one.taken_at), Object.entries(one.records).map(([what, number]) => `${number} ${what}`).join(", "),
      h("div", { class: "does" },
        button("Restore", () => restore(one.name), { class: "small", "aria-label": `Restore ${one.name}` }),
        button("Compare", () => { from.value = `snapshot:${one.name}`; to.value = `session:${context.session}`; compare(); }, { class: "small", "aria-label": `Compare ${one.name} with the session` }),
        button("Delete", () => forget(one.name), { class: "small danger", "aria-label": `Delete ${one.name}` }))];
  }

  async function take(event) {
    event.preventDefault();
    const taken = name.value;
    if (snapshots.some((one) => one.name === taken) && !(await confirmed(`Replace the snapshot ${taken}?`, "Replace"))) return;
    const made = await attempt(() => call("PUT", `/snapshots/${encodeURIComponent(taken)}`, { session: context.session }), problem);
    if (!made) return;
    name.value = "";
    toast(`Snapshot ${taken} taken of ${context.session}.`);
    changed("snapshots");
  }

  async function restore(one) {
    const { session } = context;
    if (!(await confirmed(`Restore ${one} in ${session}?`, "Restore", "The present records of the session are lost."))) return;
    const done = await attempt(() => call("POST", of(session, "/restore"), { snapshot: one }));
    if (done) toast(`${session} is as ${one} was.`);
    changed("state", "sessions");
  }

  async function forget(one) {
    if (!(await confirmed(`Delete the snapshot ${one}?`, "Delete"))) return;
    await attempt(() => call("DELETE", `/snapshots/${encodeURIComponent(one)}`));
    changed("snapshots");
  }

  async function compare() {
    const found = await attempt(() => call("GET", `/comparison${query({ from: from.value, to: to.value })}`), problem);
    if (!found) return;
    const kinds = [["added", "Added", "+"], ["changed", "Changed", "~"], ["removed", "Removed", "−"]];
    fill(differences, h("h3", {}, `From ${from.value.replace(":", " ")} to ${to.value.replace(":", " ")}`),
      found.equal ? h("p", { class: "empty" }, "They are equal.") : [
        h("p", {}, kinds.map(([kind]) => `${found[kind].length} ${kind}`).join(", ")),
        kinds.map(([kind, label, sign]) => found[kind].map((one) => difference(one, kind, label, sign)))]);
  }

  function difference(one, kind, label, sign) {
    const title = (one.after ?? one.before).name ?? one.key;
    const members = one.members ?? [];
    const inside = kind === "changed"
      ? table(`Members of ${title} that changed`, ["Member", "Before", "After"], members.map((member) => [h("code", {}, member), value(one.before[member]), value(one.after[member])]))
      : h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": String(title) }, pretty(JSON.stringify(one.after ?? one.before)));
    return h("details", { class: `difference ${kind}`, open: kind === "changed" },
      h("summary", {}, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", { class: "tag" }, label), ` ${title} `, h("span", { class: "muted" }, [one.collection, members.join(", ")].filter(Boolean).join(": "))), inside);
  }

  const value = (one) => (one === undefined ? h("span", { class: "muted" }, "not there") : h("code", {}, JSON.stringify(one)));
  const exportFixture = () => attempt(async () => download(`${context.session}.yaml`, "application/yaml", await call("GET", of(context.session, "/fixture"))));

  on("snapshots", load);
  on("restarted", load);
  on("session", () => { fill(differences); to.value = ""; load(); });
  return {
    element: h("div", { class: "card" }, h("h2", {}, "Snapshots"),
      h("form", { class: "bar", "aria-label": "Take a snapshot", on: { submit: take } }, field("Name", name, "of the session that is shown"),
        h("div", { class: "actions" }, h("button", { class: "primary" }, "Take snapshot"), button("Export fixture", exportFixture))),
      problem, list,
      h("h3", {}, "Compare"),
      h("form", { class: "bar", "aria-label": "Compare two states", on: { submit: (event) => { event.preventDefault(); compare(); } } }, field("From", from), field("To", to), h("div", { class: "actions" }, h("button", {}, "Compare"))),
      differences),
    show: () => { visible = true; load(); },
    hide: () => { visible = false; },
  };
}
