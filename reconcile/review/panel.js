// The page of the review panel. It shows what the kernel sends, and calls a decision saved only when the
// kernel has said so. Clear text is in the page only while the panel has the focus and nothing is masked.

const KEYS = [
  ["m", "match", "Match", "The two records are one person"],
  ["n", "different", "Not a match", "They are two people"],
  ["u", "unsure", "Unsure", "It cannot be told from this; the pair is not asked again until a record changes"],
  ["s", "skip", "Skip", "Put the pair off until later"],
  ["z", "undo", "Undo", "Take back your last decision"],
  ["k", "previous", "Previous", "Look at the pair before"],
  ["j", "next", "Next", "Look at the next pair; at the end, at those you skipped"],
  ["e", "note", "Note", "Write a note that is kept with your decision; Escape goes back to the pair"],
  ["o", "out", "Exclude", "Choose a record below that does not belong with the others"],
  ["w", "weights", "Weights", "Show or hide what each field weighs"],
  ["x", "mask", "Mask all", "Hide every value, even while you work here; again to show them"],
  ["?", "help", "Help", "Show or hide this list"],
];
const MAIN = new Set(["match", "different", "unsure"]);
const MOVES = new Set(["undo", "next", "previous"]);
const TOGGLES = new Set(["note", "out", "weights", "mask", "help"]);
const WORDS = {
  match: "match", different: "not a match", unsure: "unsure", exclude: "record excluded",
  skip: "skipped", undo: "taken back",
};
const PATIENCE = 10000; // milliseconds without an answer after which nothing is believed any more
const NO_KERNEL = "No kernel answers. The review panel works only in a notebook whose kernel runs: run its cell again.";

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  // JupyterLab looks at the element that has the focus before any around it: each needs the mark.
  if (["button", "textarea"].includes(tag)) made.setAttribute("data-lm-suppress-shortcuts", "true");
  made.append(...children.filter((child) => child !== null));
  return made;
}

function count(number, one, many) {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many ?? `${one}s`}`;
}

class Panel {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.view = Math.random().toString(36).slice(2);
    this.number = 0;
    this.pairs = null; // the pair in question and the ones behind it
    this.facts = {};
    this.sent = []; // what the kernel has not answered yet
    this.open = { note: false, out: false, weights: false, mask: false, help: false };
    this.focused = false;
    this.failed = false;
    this.spent = 0; // milliseconds that the pair in question was in view
    this.since = null;
    this.shown = null;
    this.build();
    this.listen();
    this.ask({ what: "ready" });
  }

  build() {
    this.title = element("h3", { class: "rr-title" }, "Review of pairs");
    this.counts = element("p", { class: "rr-counts" });
    this.bar = element("progress", { "aria-label": "Decided so far", max: 1, value: 0 });
    this.alert = element("p", { class: "rr-alert", role: "alert" });
    this.status = element("p", { class: "rr-status", role: "status", "aria-live": "polite" });
    this.body = element("div", { class: "rr-body" });
    this.note = element("textarea", { id: `${this.view}-note` });
    this.noteBox = element("div", { hidden: true },
      element("label", { for: `${this.view}-note` }, "Note for your decision on this pair (Escape to go back)"), this.note);
    this.out = element("div", { hidden: true });
    this.buttons = {};
    const bar = element("div", { class: "rr-buttons", role: "group", "aria-label": "Decisions and views" });
    for (const [key, what, label, meaning] of KEYS) {
      this.buttons[what] = element("button", {
        type: "button", class: MAIN.has(what) ? "rr-main" : null, title: meaning, "aria-keyshortcuts": key,
        "aria-pressed": TOGGLES.has(what) ? "false" : null, onclick: () => this.press(what),
      }, `${label} `, element("kbd", {}, key));
      bar.append(this.buttons[what]);
    }
    this.help = element("dl", { class: "rr-help", hidden: true });
    for (const [key, , , meaning] of KEYS) {
      this.help.append(element("dt", {}, element("kbd", {}, key)), element("dd", {}, meaning));
    }
    this.status.textContent = "Waiting for the kernel…";
    this.root.append(
      element("div", { class: "rr-top" }, this.title, this.counts), this.bar, this.alert, this.status, bar,
      this.help, this.noteBox, this.out, this.body,
    );
  }

  listen() {
    this.heard = (message) => this.receive(message);
    this.model.on("msg:custom", this.heard);
    this.root.addEventListener("keydown", (event) => this.typed(event));
    this.root.addEventListener("focusin", () => this.focus(true));
    this.root.addEventListener("focusout", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.focus(false);
    });
    // A click on what is still masked only unmasks it: nobody decides on what they have not seen.
    this.root.addEventListener("pointerdown", () => {
      this.unseen = !this.focused;
      if (!this.focused) setTimeout(() => { if (!this.focused) this.root.focus(); });
    }, true);
    this.root.addEventListener("click", (event) => {
      if (!this.unseen) return;
      this.unseen = false;
      event.stopPropagation();
      event.preventDefault();
    }, true);
    this.clock = setInterval(() => this.watch(), 500);
  }

  end() {
    clearInterval(this.clock);
    this.model.off("msg:custom", this.heard);
  }

  // What the reviewer does ---------------------------------------------------------------------------

  typed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && (this.open.note || this.open.out)) {
      if (this.open.out) this.toggle("out");
      this.root.focus();
    } else if (event.target === this.note) {
      return;
    } else if (this.open.out && /^[1-9]$/.test(event.key)) {
      this.out.querySelectorAll("button")[Number(event.key) - 1]?.click();
    } else {
      const found = KEYS.find(([key]) => key === event.key.toLowerCase());
      if (!found || (event.repeat && !MOVES.has(found[1]))) return;
      this.press(found[1]);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  press(what) {
    if (TOGGLES.has(what)) this.toggle(what);
    else if (MOVES.has(what)) this.move(what);
    else this.decide(what);
  }

  toggle(what) {
    this.open[what] = !this.open[what];
    this.buttons[what].setAttribute("aria-pressed", String(this.open[what]));
    this.draw();
    if (what === "note" && this.open.note) this.note.focus();
    if (what === "out" && this.open.out) this.out.querySelector("button")?.focus();
  }

  decide(what, more = {}) {
    const pair = this.pairs?.[0];
    if (this.lost) return this.say("Nothing is saved while no kernel answers.");
    if (!pair) return this.say(this.pairs === null || this.sent.length ? "One moment: waiting for the kernel." : "Nothing is left to decide.");
    if (this.open.mask && what !== "skip") return this.say("Everything is masked. Show the records first (x).");
    if (this.sent.some((one) => one.blocks)) return this.say("One moment: waiting for the kernel.");
    this.pause();
    this.ask({ what, case: pair.case, note: this.note.value, seconds: this.spent / 1000, ...more },
      { pair, note: this.note.value, blocks: what === "exclude" });
    if (what === "exclude") return undefined;
    this.note.value = "";
    this.pairs = this.pairs.slice(1);
    this.say("Saving…");
    return this.draw();
  }

  move(what) {
    if (this.lost) return this.say("No kernel answers.");
    if (this.sent.length) return this.say("One moment: waiting for the kernel.");
    return this.ask({ what }, { blocks: true });
  }

  focus(focused) {
    if (this.focused === focused) return;
    this.focused = focused;
    this.draw();
  }

  // What the kernel says -----------------------------------------------------------------------------

  ask(message, more = {}) {
    this.number += 1;
    this.sent.push({ number: this.number, at: performance.now(), what: message.what, ...more });
    this.model.send({ ...message, view: this.view, number: this.number });
  }

  receive(message) {
    const mine = message.view === this.view;
    const place = mine ? this.sent.findIndex((one) => one.number === message.number) : -1;
    const answered = place < 0 ? null : this.sent[place];
    if (mine && message.kind === "failed" && !answered) return; // was sent behind one that failed
    if (answered) this.sent = this.sent.slice(place + 1);
    // What was decided meanwhile is no longer in question here, though the kernel has yet to hear of it.
    const gone = message.kind === "failed" && mine ? 0 : this.sent.filter((one) => one.pair && !one.blocks).length;
    this.facts = message;
    this.pairs = message.pairs.slice(gone);
    if (this.lost) this.alert.textContent = "";
    this.lost = false;
    if (mine && message.kind === "failed") {
      this.alert.textContent = `NOT SAVED: ${message.problem} The pair is in question again, and nothing after it was saved.`;
      this.failed = true;
      this.sent = [];
      this.say("");
    } else if (answered && answered.what in WORDS) {
      if (!MOVES.has(answered.what)) { this.failed = false; this.alert.textContent = ""; }
      this.saved(answered);
    } else if (answered && !this.failed) {
      this.say("");
    }
    this.draw();
    if (this.failed && answered?.note) this.note.value = answered.note;
  }

  saved(answered) {
    const word = WORDS[answered.what];
    const time = new Date().toLocaleTimeString("en-US", { hour12: false });
    const kept = answered.what === "skip" ? "Skipped" : answered.what === "undo" ? "Taken back" : `Saved: ${word}`;
    const next = this.pairs[0] ? `Pair ${this.pairs[0].place} of ${this.pairs[0].of}.` : "The end of the queue.";
    this.say(this.sent.length ? "Saving…" : `${kept}, ${time}. ${next}`);
    if (this.open.out) this.toggle("out");
    const detail = { what: answered.what, milliseconds: performance.now() - answered.at };
    this.root.dispatchEvent(new CustomEvent("reconcile-saved", { detail, bubbles: true }));
  }

  watch() {
    const waits = this.sent.find((one) => performance.now() - one.at > (one.what === "ready" ? PATIENCE / 2 : PATIENCE));
    if (!waits || this.lost) return;
    this.lost = true;
    this.alert.textContent = this.pairs === null ? NO_KERNEL
      : "The kernel does not answer. NOT SAVED as far as this page knows: your last decisions. Run the cell again when the kernel is back; what was saved is not asked again.";
    this.say("");
  }

  say(text) {
    this.status.textContent = text;
  }

  // What is shown ------------------------------------------------------------------------------------

  get masked() {
    return !this.focused || this.open.mask;
  }

  pause() {
    if (this.since !== null) this.spent += performance.now() - this.since;
    this.since = null;
  }

  draw() {
    const pair = this.pairs?.[0];
    if (this.shown !== (pair?.case ?? null)) {
      this.shown = pair?.case ?? null;
      this.spent = 0;
      this.since = null;
      this.note.value = pair?.said?.note ?? "";
      this.open.note = false;
    }
    if (this.masked || !pair) this.pause();
    else this.since ??= performance.now();
    for (const what of TOGGLES) this.buttons[what].setAttribute("aria-pressed", String(this.open[what]));
    this.help.hidden = !this.open.help;
    const noteHad = this.noteBox.contains(document.activeElement) && !this.open.note;
    this.noteBox.hidden = !this.open.note;
    if (noteHad) this.root.focus();
    this.drawCounts();
    if (this.pairs === null) return;
    this.drawOut(pair);
    this.body.replaceChildren(...(pair ? this.pairShown(pair) : this.end_()));
  }

  drawCounts() {
    const { decided = 0, skipped = 0, waiting = 0, left = 0 } = this.facts;
    const pending = this.sent.filter((one) => one.pair && one.what !== "skip").length;
    if (this.pairs === null) return;
    const parts = [`${decided.toLocaleString("en-US")} decided`, `${Math.max(0, left - pending).toLocaleString("en-US")} left`];
    if (skipped) parts.push(`${skipped.toLocaleString("en-US")} skipped`);
    if (waiting) parts.push(`${waiting.toLocaleString("en-US")} for later`);
    const pair = this.pairs[0];
    if (pair) parts.unshift(`pair ${pair.place.toLocaleString("en-US")} of ${pair.of.toLocaleString("en-US")}`);
    this.counts.textContent = `${parts.join(" · ")} · reviewer: ${this.facts.reviewer ?? ""}${this.facts.reviewers > 1 ? ", one of two" : ""}`;
    this.bar.max = Math.max(1, decided + left + skipped);
    this.bar.value = decided;
  }

  drawOut(pair) {
    const drawn = this.open.out ? `${pair?.case} ${this.masked}` : "";
    if (drawn === this.drawnOut) return; // its buttons may have the focus
    this.drawnOut = drawn;
    const members = (pair?.near ?? []).filter((one) => one.member);
    if (!this.open.out) {
      if (this.out.contains(document.activeElement)) this.root.focus();
      this.out.hidden = true;
      this.out.replaceChildren();
      return;
    }
    this.out.hidden = false;
    const list = members.map((one, at) => element("li", {}, element("button", {
      type: "button", onclick: () => this.decide("exclude", { member: one.member }),
    }, `${this.masked ? one.id.mask : one.id.text} `, element("bdi", {}, this.masked ? one.name.mask : one.name.text), " ",
      element("kbd", {}, String(at + 1)))));
    this.out.replaceChildren(element("h4", {}, members.length
      ? "Which record does not belong with the others? (Escape to leave it)"
      : "No other record is compared with this pair."), element("ul", { class: "rr-buttons" }, ...list));
  }

  pairShown(pair) {
    const parts = [];
    const told = (text) => parts.push(element("p", { class: "rr-told" }, text));
    if (pair.said) told(`You have decided this pair: ${WORDS[pair.said.decision]}. Decide again to change it.`);
    if (pair.meanwhile?.by) {
      told(`Decided meanwhile by ${pair.meanwhile.by}: ${WORDS[pair.meanwhile.decision]}. Go on with j; a decision of yours would take its place.`);
    }
    if (pair.disputed && !pair.said) told("Two reviewers do not agree on this pair: your word is the third.");
    if (pair.changed) {
      told(`Changed since: on ${pair.changed.at.slice(0, 10)} ${pair.changed.by} decided "${WORDS[pair.changed.decision]}", and a record was changed afterwards.`);
    }
    if (this.facts.veiled) told("Birthdates and SSNs are not shown to you: only whether they agree, are near, or differ.");
    if (pair.guard) told(`Not linked by itself: ${pair.guard}.`);
    if (this.masked) told(this.open.mask ? "Everything is masked. Press x to show the records." : "Masked until you work here: click, or press Tab.");
    if (this.open.weights) {
      told(this.facts.veiled ? "The weights of birthdate and SSN, and the sum, are left out: they would tell more than agree, near or differ."
        : `Weight in all: ${pair.weight ?? "unknown"} bits; probability ${pair.probability || "unknown"}.`);
    }
    parts.push(this.table(pair));
    if (pair.near.length) {
      parts.push(element("h4", {}, "Who stands near"), element("ul", { class: "rr-near" }, ...pair.near.map((one) => this.neighbour(one))));
    }
    return parts;
  }

  table(pair) {
    const heads = pair.heads.map((head) => element("th", { scope: "col", role: "columnheader" }, `${head.label} `, this.masked ? head.id.mask : head.id.text));
    const head = element("tr", { role: "row" },
      element("th", { scope: "col", role: "columnheader", class: "rr-field" }, "Field"), ...heads,
      element("th", { scope: "col", role: "columnheader", class: "rr-agreement" }, "Agreement"));
    const lines = pair.lines.map((line) => element("tr", { role: "row" },
      element("th", { scope: "row", role: "rowheader", class: "rr-field" }, line.name),
      ...line.sides.map((side) => element("td", { role: "cell", class: "rr-value" }, ...this.value(side))),
      element("td", { role: "cell", class: "rr-agreement" }, line.words, this.bits(line))));
    return element("table", { class: "rr-pair", role: "table", "aria-label": `Pair ${pair.place} of ${pair.of}` },
      element("thead", { role: "rowgroup" }, head), element("tbody", { role: "rowgroup" }, ...lines));
  }

  value(side) {
    if (!side.pieces.length) return [element("span", { class: "rr-none" }, "none")];
    if (this.masked) return [element("bdi", {}, side.mask)];
    return [element("bdi", {}, ...side.pieces.map(([text, differs]) => (differs ? element("mark", {}, text) : text)))];
  }

  bits(line) {
    if (!this.open.weights || line.bits === null) return null;
    return element("span", { class: "rr-bits" }, ` ${line.bits > 0 ? "+" : ""}${line.bits} bits`);
  }

  neighbour(one) {
    const shown = (part) => (this.masked ? part.mask : part.text);
    return element("li", {},
      element("span", { class: "rr-who" }, element("bdi", {}, shown(one.name)), ` ${shown(one.id)}`), element("span", {}, shown(one.born)),
      element("span", {}, one.why), one.words ? element("span", {}, one.words) : null);
  }

  end_() {
    const { decided = 0, skipped = 0, waiting = 0, elsewhere = 0, second = 0, disputed = 0 } = this.facts;
    if (this.sent.length) return [element("p", { class: "rr-told" }, "One moment: waiting for the kernel.")];
    const parts = [element("h4", {}, decided || skipped || elsewhere ? "The end of the queue" : "Nothing to review")];
    const told = (...text) => parts.push(element("p", { class: "rr-end" }, ...text));
    if (!decided && !skipped && !elsewhere) told("No pair of these records waits for a decision of yours. If the files are new, run the plan first; if others decide too, they may have been quicker.");
    if (decided) told(`You have decided ${count(decided, "pair")}, earlier sessions included. z takes the last decision back.`);
    if (elsewhere) told(`${count(elsewhere, "pair was", "pairs were")} decided by others meanwhile.`);
    if (second) told(`${count(second, "pair waits", "pairs wait")} for the word of a second reviewer.`);
    if (disputed) told(`On ${count(disputed, "pair")} the reviewers do not agree: whoever opens the panel as a third decides.`);
    if (skipped) told("Next: ", element("strong", {}, `${count(skipped, "pair was", "pairs were")} skipped`), "; press j to look at them again.");
    if (waiting) told("Next: ", element("strong", {}, count(waiting, "more pair waits", "more pairs wait")), "; run the cell again for the next queue.");
    if (decided && !skipped && !waiting) told("Next: run the plan again, so that the decisions count (", element("code", {}, "reconcile run PLAN.toml"), ").");
    return parts;
  }
}

export default {
  render({ model, el }) {
    const root = element("div", {
      class: "reconcile-review", tabindex: "0", role: "region", "aria-label": "Review of pairs", "data-lm-suppress-shortcuts": "true",
    });
    el.append(root);
    const panel = new Panel(model, root);
    return () => panel.end();
  },
};
