// Comfort where there is JavaScript; every page works without it.
"use strict";

// Copy buttons: hidden in the page, shown only when they can work.
async function copyText(source) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
    return;
  }
  // Plain http on another host than localhost has no clipboard API: select the text and ask the old way.
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  if (!document.execCommand("copy")) throw new Error("copying was refused");
}

const COPIED_MILLISECONDS = 2000; // long enough to be noticed, short enough to copy the next value

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const label = button.getAttribute("aria-label");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copyText(source);
    } catch {
      return;
    }
    button.classList.add("gk-copy--done");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      button.classList.remove("gk-copy--done");
      button.setAttribute("aria-label", label);
    }, COPIED_MILLISECONDS);
  });
}

// A secret that is shown once: leaving before it was copied or downloaded asks first.
for (const shown of document.querySelectorAll("[data-shown-once]")) {
  const ask = (event) => { event.preventDefault(); };
  const kept = () => { window.removeEventListener("beforeunload", ask); };
  window.addEventListener("beforeunload", ask);
  shown.addEventListener("submit", kept);
  shown.addEventListener("copy", kept);
  for (const button of shown.querySelectorAll("[data-copies]")) {
    if (button.dataset.copies !== "client-id") button.addEventListener("click", kept); // the id alone can be seen again
  }
}

// A double click must not send a form twice: the browser would throw the first answer away, and with it the secret.
for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => { sent = false; });
}
