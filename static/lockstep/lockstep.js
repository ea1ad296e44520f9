/* What every page does by itself: safe htmx requests, toasts, shortcuts, confirmations, lost-edit warning.
   Attributes it reads:
     data-shortcut="e"         the key that clicks (a link, a button) or focuses (a field) this element
     data-confirm="…?"         asked before a form is sent or a link followed
     data-copy="#field"        copies that field's text
     data-check-all="pick"     ticks and unticks every checkbox of that name in its form
     data-toast                a message in the page that may be closed
     form[data-warn-unsaved]   leaving with unsaved changes is asked about; its .ls-savebar appears on change */
"use strict";
(() => {
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

  function toast(text, level = "info") {
    let stack = document.querySelector(".ls-toasts");
    if (!stack) {
      stack = document.createElement("div");
      stack.className = "ls-toasts";
      stack.setAttribute("role", "status");
      stack.setAttribute("aria-live", "polite");
      document.body.append(stack);
    }
    const box = document.createElement("div");
    box.className = `ls-toast ls-${level}`;
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.textContent = "×";
    close.addEventListener("click", () => box.remove());
    box.append(words, close);
    stack.append(box);
    if (level !== "error") setTimeout(() => box.remove(), 7000);
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token();
  });
  document.addEventListener("lockstep:toasts", (event) => {
    for (const { text, level } of event.detail.toasts) toast(text, level);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    const type = event.detail.xhr.getResponseHeader("Content-Type") ?? "";
    toast(type.startsWith("text/plain") && responseText
      ? responseText
      : `That didn't work (${status}). Reload the page and try again.`, "error");
  });
  document.addEventListener("htmx:sendError", () =>
    toast("The server can't be reached. Check your connection and try again.", "error"));

  const writes = (element) =>
    element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return;
    const target = [...document.querySelectorAll("[data-shortcut]")].find(
      (element) => element.dataset.shortcut === event.key && element.offsetParent !== null);
    if (!target) return;
    event.preventDefault();
    if (writes(target)) {
      target.focus();
      target.select?.();
    } else target.click();
  });

  document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (asked && !window.confirm(asked)) event.preventDefault();
    else if (!event.defaultPrevented) event.target.removeAttribute("data-changed");
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-confirm]");
    if (link && !window.confirm(link.dataset.confirm)) event.preventDefault();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.querySelector(button.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
    toast("Copied.");
  });
  document.addEventListener("input", (event) => {
    event.target.closest?.("form[data-warn-unsaved]")?.setAttribute("data-changed", "");
  });
  window.addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-changed]")) event.preventDefault();
  });

  /* Account picker: a click on an offer fills the hidden id; an emptied search empties it. */
  document.addEventListener("click", (event) => {
    const offer = event.target.closest("[data-pick]");
    if (!offer) return;
    const picker = offer.closest("[data-picker]");
    picker.querySelector("[data-picker-value]").value = offer.dataset.pick;
    picker.querySelector("[type=search]").value = offer.dataset.pickName;
    picker.querySelector("[data-picker-choices]").replaceChildren();
    picker.closest("form").setAttribute("data-changed", "");
  });
  document.addEventListener("input", (event) => {
    const picker = event.target.closest("[data-picker]");
    if (picker && event.target.value.trim() === "") picker.querySelector("[data-picker-value]").value = "";
  });

  /* "Why this value?" opens at the first click and closes at the second. */
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.target.closest?.("[data-discloses]");
    if (!button) return;
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (!open) return;
    event.preventDefault();
    event.detail.target.replaceChildren();
  });

  /* A select or checkbox marked data-submit sends its form when it changes: filters need no button. */
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submit]")) event.target.form.requestSubmit();
  });
  /* A checkbox with data-check-all="pick" ticks and unticks all of that name in its form. */
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.checkAll;
    if (!name) return;
    for (const box of event.target.form.querySelectorAll(`[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
  });
  document.addEventListener("DOMContentLoaded", () => document.documentElement.classList.add("ls-js"));
})();
