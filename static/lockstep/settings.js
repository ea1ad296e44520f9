/* The settings pages: the bar at the foot counts what differs from what stands, rows of the map come and go. */
"use strict";
(() => {
  const form = document.querySelector("form[data-settings]");
  if (!form) return;
  const summary = form.querySelector("[data-summary]");
  const affects = form.querySelector("[data-savebar]").dataset.affects;
  const pendingAtFirst = form.hasAttribute("data-changed");
  const nothing = summary.innerHTML;

  const differs = (control) => {
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    if (control.tagName === "SELECT")
      return [...control.options].some((option) => option.selected !== option.defaultSelected) &&
        [...control.options].some((option) => option.defaultSelected);
    return control.value !== control.defaultValue;
  };

  /* The conditions of the pull filter are one setting, however many rows it has. */
  const builder = form.querySelector("[data-filter]");
  const typed = (control) => control.type === "checkbox" && !control.checked ? null : control.value;
  const conditions = () => builder && JSON.stringify([...builder.querySelectorAll("[data-condition]")].map((row) =>
    [...row.querySelectorAll("[name*='.']")].map((control) => [control.name.split(".").pop(), typed(control)])));
  const conditionsAtFirst = conditions();

  function conditionsChanged() {
    window.htmx.trigger(form.querySelector("[data-matches]"), "conditions");
    show();
  }

  /* Radios and checkboxes of one name are one setting; a new row is one change, whatever is set in it. */
  function count() {
    const changed = new Set();
    for (const control of form.elements) {
      if (!control.name || control.type === "hidden" || control.closest("[data-new], [data-filter]")) continue;
      const isPair = control.name.endsWith(".here");
      if (differs(control)) changed.add(isPair ? control : control.name.replace(/\.limit$/, ""));
    }
    if (conditions() !== conditionsAtFirst) changed.add("filter");
    return changed.size + form.querySelectorAll("[data-new]").length;
  }

  function show() {
    const changes = count();
    form.toggleAttribute("data-changed", changes > 0 || pendingAtFirst);
    if (!changes && pendingAtFirst) return;
    if (!changes) {
      summary.innerHTML = nothing;
      return;
    }
    const words = [`${changes} change${changes === 1 ? "" : "s"}`];
    if (affects) words.push(`affects ${affects}`);
    summary.textContent = words.join(" · ");
  }

  function mark(row) {
    const name = row.dataset.mapRow;
    const listed = name && form.querySelector(`[data-unmapped="${CSS.escape(name)}"]`);
    if (listed) listed.hidden = row.isConnected;
  }

  /* Ticking a stage means "only these". */
  form.addEventListener("input", (event) => {
    const some = event.target.closest(".ls-picks") && event.target.checked &&
      event.target.closest("fieldset").querySelector("input[value=some]");
    if (some) some.checked = true;
    if (event.target.closest("[data-filter]")) conditionsChanged();
    else show();
  });
  form.addEventListener("change", (event) => {
    const select = event.target;
    const row = select.closest("[data-condition]");
    /* The answer to what was chosen before would undo this. */
    if (row && select.matches("[hx-get]")) window.htmx.trigger(row, "htmx:abort");
    if (select.dataset.addHere && select.value) {
      const address = `${select.dataset.addHere}?field=${encodeURIComponent(select.value)}`;
      window.htmx.ajax("GET", address, { target: form.querySelector("[data-map]"), swap: "beforeend" });
      select.selectedOptions[0].disabled = true;
      select.selectedIndex = 0;
    }
    show();
  });
  form.addEventListener("click", (event) => {
    const condition = event.target.closest("[data-drop-condition]")?.closest("[data-condition]");
    if (condition) {
      condition.remove();
      conditionsChanged();
      return;
    }
    const button = event.target.closest("[data-drop-row]");
    if (!button) return;
    const row = button.closest("[data-map-row]");
    const field = row.querySelector("input[name$='.field']")?.value;
    const again = field && form.querySelector(`[data-add-here] option[value="${CSS.escape(field)}"]`);
    if (again) again.disabled = false;
    row.remove();
    mark(row);
    show();
  });
  /* Whoever types while a condition's row is on its way goes on in its value, if that is of another kind now; one of
     the same kind stays as it is. */
  const left = new Map(); /* by the condition's number, as answers can come at once */
  const numberOf = (row) => row.querySelector("[name=filter]").value;
  form.addEventListener("htmx:beforeSwap", (event) => {
    const row = event.detail.target;
    const control = row.matches("[data-condition]") && row.querySelector("[hx-preserve]");
    if (!control) return;
    const sent = event.detail.requestConfig.parameters[control.name];
    const typed = control.value !== sent ? control.value : null;
    const caret = control === document.activeElement ? control.selectionEnd ?? control.value.length : null;
    left.set(numberOf(row), { id: control.id, typed, caret });
  });
  function goOn(row) {
    const control = row.querySelector("[hx-preserve]");
    const before = left.get(numberOf(row));
    left.delete(numberOf(row));
    if (!before || !control || control.id === before.id) return;
    if (before.typed !== null) control.value = before.typed;
    if (before.caret === null) return;
    control.focus();
    if (control.selectionEnd !== null) control.setSelectionRange(before.caret, before.caret); /* dates have no caret */
  }
  document.addEventListener("htmx:load", (event) => {
    if (!event.detail.elt.matches?.("[data-condition]")) return;
    goOn(event.detail.elt);
    conditionsChanged();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!event.detail.target.matches("[data-map]")) return;
    const row = event.detail.target.lastElementChild;
    mark(row);
    row.scrollIntoView({ block: "center" });
    row.querySelector("select, input:not([type=hidden])")?.focus();
    show();
  });
  form.querySelector("[data-discard]").addEventListener("click", () => form.removeAttribute("data-changed"));
})();
