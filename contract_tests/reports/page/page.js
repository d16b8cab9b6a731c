"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const status = document.getElementById("status");

  // What needs this script is hidden without it.
  all("[data-needs-script]").forEach((node) => { node.hidden = false; });

  async function copy(button) {
    const sources = button.dataset.copies.trim().split(" ").map((id) => document.getElementById(id));
    let done = true;
    try {
      await navigator.clipboard.writeText(sources.map((source) => source.textContent).join("\n"));
    } catch {
      // Where the clipboard may not be written to, the text is selected to be copied by hand.
      const range = document.createRange();
      range.setStartBefore(sources[0]);
      range.setEndAfter(sources[sources.length - 1]);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = sources.length === 1 && document.execCommand("copy");
    }
    const label = button.firstChild;
    const before = label.data;
    if (before === "Copied" || before === "Press Ctrl+C") return;
    label.data = done ? "Copied" : "Press Ctrl+C";
    status.textContent = done ? "Copied." : "The text is selected; press Ctrl+C.";
    setTimeout(() => { label.data = before; }, 1800);
  }
  all("button[data-copies]").forEach((button) => button.addEventListener("click", () => copy(button)));

  const findings = all(".finding");
  all("button[data-open]").forEach((button) => button.addEventListener("click", () => {
    findings.forEach((finding) => { finding.querySelector("details").open = button.dataset.open === "yes"; });
  }));
  all("input[name=severity]").forEach((box) => box.addEventListener("change", () => {
    const shown = new Set(all("input[name=severity]:checked").map((one) => one.value));
    findings.forEach((finding) => { finding.hidden = !shown.has(finding.dataset.severity); });
    status.textContent = `${findings.filter((one) => !one.hidden).length} of ${findings.length} findings are shown.`;
  }));

  const search = document.getElementById("search");
  function filterChecks() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = document.querySelector("input[name=verdict]:checked").value;
    const rows = all("#checks tbody tr");
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = (verdict !== "all" && row.dataset.verdict !== verdict) || !words.every((word) => text.includes(word));
    });
    all("#checks .layer").forEach((layer) => {
      layer.hidden = all("tbody tr", layer).every((row) => row.hidden);
      layer.querySelector("details").open = true;
    });
    const count = `${rows.filter((row) => !row.hidden).length} of ${rows.length} checks are shown.`;
    document.getElementById("shown").textContent = count;
    status.textContent = count;
  }
  if (search) {
    search.addEventListener("input", filterChecks);
    all("input[name=verdict]").forEach((one) => one.addEventListener("change", filterChecks));
  }

  // A link to a finding opens it.
  function openTarget() {
    const target = /^#finding-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (target) {
      target.hidden = false;
      target.querySelector("details").open = true;
      target.scrollIntoView();
    }
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  // Paper cannot be unfolded. What was folded is remembered until it is printed, however often a preview is shown.
  const folded = [];
  addEventListener("beforeprint", () => {
    folded.push(...all("details:not([open])"));
    folded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => folded.splice(0).forEach((one) => { one.open = false; }));
})();
