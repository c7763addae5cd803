// The page of the form for one account. It shows what the kernel answers, and an account can be asked for only
// after the look-up of exactly what stands in the fields.

const NO_KERNEL = "The kernel does not answer. The form works only in a notebook whose kernel runs: run its cell again.";
const PATIENCE = 60000; // milliseconds; the first look-up imports the rules
const SAID = { true: "yes", false: "no" };
const TYPED = new Set(["button", "input", "select", "textarea"]);

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes ?? {}).forEach(([name, value]) => {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  });
  // JupyterLab would take keys for its own commands.
  if (TYPED.has(tag)) made.setAttribute("data-lm-suppress-shortcuts", "true");
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

class Form {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.id = `rf${Math.random().toString(36).slice(2)}`;
    this.number = 0;
    this.waits = null; // what the kernel has not answered yet
    this.fields = {};
    this.faults = {};
    this.found = null; // what the last look-up found, while the fields are as they were then
    this.looked = "";
    this.heard = (message) => this.receive(message);
    model.on("msg:custom", this.heard);
    this.alert = make("p", { class: "rr-alert", role: "alert" });
    this.status = make("p", { class: "rr-status", role: "status", "aria-live": "polite" }, "Waiting for the kernel…");
    this.body = make("form", { novalidate: true, autocomplete: "off", submit: (event) => { event.preventDefault(); this.look(); } });
    this.result = make("section", { "aria-label": "What was found", tabindex: "-1" });
    root.append(make("h3", { class: "rr-title" }, "One account for one student"), this.body, this.alert, this.status, this.result);
    this.tell("start");
  }

  end() {
    clearTimeout(this.clock);
    this.model.off("msg:custom", this.heard);
  }

  // What is typed ------------------------------------------------------------------------------------

  build(message) {
    const groups = Object.entries(message.groups).map(([title, fields]) => make("fieldset", { "data-group": title },
      make("legend", {}, title), make("div", { class: "rf-fields" }, fields.map((field) => this.field(field)))));
    this.child = message.child;
    this.ofAChild = groups.find((group) => group.dataset.group === message.child.group);
    this.lookButton = make("button", { type: "submit", class: "rr-main" }, "Look up");
    this.fillButton = make("button", { type: "button", click: () => this.tell("extract", { fields: this.typed() }) }, "Fill in from the extract");
    this.body.replaceChildren(make("p", { class: "rr-counts" }, `Asked for by ${message.by}. ${message.scope}`), ...groups,
      make("div", { class: "rr-buttons" }, this.lookButton, this.fillButton));
    this.fill(message.values);
    this.status.textContent = "Fill in what you know, then look the student up: all accounts are looked through first.";
  }

  field({ name, label, hint, choices }) {
    const id = `${this.id}-${name}`;
    const input = choices.length
      ? make("select", { id, "aria-describedby": `${id}-fault`, input: () => this.changed() },
        make("option", { value: "" }, "choose"), choices.map((choice) => make("option", { value: choice }, SAID[choice] ?? choice.replaceAll("_", " "))))
      : make("input", { id, type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-fault`, input: () => this.changed() });
    const fault = make("p", { id: `${id}-fault`, class: "rf-fault" });
    this.fields[name] = input;
    this.faults[name] = fault;
    return make("div", {}, make("label", { for: id }, label, hint ? make("span", { class: "rf-hint" }, ` (${hint})`) : null), input, fault);
  }

  typed() {
    return Object.fromEntries(Object.entries(this.fields).map(([name, input]) => [name, input.closest("[hidden]") ? "" : input.value.trim()]));
  }

  fill(values) {
    for (const [name, value] of Object.entries(values)) if (name in this.fields) this.fields[name].value = value ?? "";
    this.age();
  }

  // A guardian is asked for only when the birthdate says so; what is not shown is not sent.
  age() {
    const born = this.fields.birthdate.value.trim();
    this.ofAChild.hidden = !(/^\d{4}-\d{2}-\d{2}$/.test(born) && born > this.child.born_after);
  }

  changed() {
    this.age();
    if (!this.found || JSON.stringify(this.typed()) === this.looked) return;
    this.found = null;
    this.result.replaceChildren();
    this.status.textContent = "A field was changed: look the student up again.";
  }

  look() {
    if (!this.lookButton) return;
    const fields = this.typed();
    this.found = null;
    this.result.replaceChildren();
    this.looked = JSON.stringify(fields);
    this.tell("look", { fields });
  }

  // Between page and kernel --------------------------------------------------------------------------

  tell(what, more = {}) {
    if (this.waits) return;
    this.number += 1;
    this.waits = what;
    this.alert.textContent = "";
    this.busy(true);
    if (what === "look") this.status.textContent = "Looking through all accounts…";
    if (what === "ask") this.status.textContent = "Asking for the account…";
    clearTimeout(this.clock);
    this.clock = setTimeout(() => { this.waits = null; this.busy(false); this.status.textContent = ""; this.alert.textContent = NO_KERNEL; }, PATIENCE);
    this.model.send({ what, number: this.number, ...more });
  }

  busy(on) {
    for (const button of this.root.querySelectorAll("button")) button.disabled = on || button === this.askButton;
    if (!on) this.permit();
  }

  receive(message) {
    if (message.number !== undefined && message.number !== this.number) return;
    clearTimeout(this.clock);
    this.waits = null;
    this.status.textContent = "";
    if (message.kind === "started") this.build(message);
    else if (message.kind === "extracted") this.extracted(message);
    else if (message.kind === "looked") this.show(message);
    else if (message.kind === "asked") this.done(message);
    else this.alert.textContent = message.problem;
    this.busy(false);
  }

  extracted({ values }) {
    const known = Object.keys(values).length > 0;
    if (known) this.fill(values);
    this.status.textContent = known ? "Filled in from the extract. Look the student up." : "The extract has no student with this SIS id.";
    this.found = null;
    this.result.replaceChildren();
  }

  // What was found -----------------------------------------------------------------------------------

  show(message) {
    if (message.fields) { this.fill(message.fields); this.looked = JSON.stringify(this.typed()); }
    for (const [name, fault] of Object.entries(this.faults)) {
      const told = message.faults.filter((one) => one.field === name);
      const wrong = told.some((one) => one.severity === "critical");
      fault.textContent = told.map((one) => one.message).join(" ");
      fault.classList.toggle("rf-wrong", wrong);
      if (wrong) this.fields[name].setAttribute("aria-invalid", "true");
      else this.fields[name].removeAttribute("aria-invalid");
    }
    this.found = message;
    this.boxes = [];
    const parts = [make("h4", {}, message.summary)];
    for (const sentence of message.told) parts.push(make("p", { class: "rr-told" }, sentence));
    for (const one of message.candidates) parts.push(...this.candidate(one, message.question));
    if (message.question) {
      const id = `${this.id}-because`;
      this.because = make("textarea", { id, input: () => this.permit() });
      parts.push(make("label", { for: id }, "Why none of them is the student (kept in the audit log; name no student)"), this.because);
    } else this.because = null;
    if (message.may) {
      this.askButton = make("button", { type: "button", class: "rr-main", disabled: true, click: () => this.ask() }, "Ask for the account");
      parts.push(make("div", { class: "rr-buttons" }, this.askButton));
    }
    this.result.replaceChildren(...parts);
    const first = Object.entries(this.fields).find(([, input]) => input.hasAttribute("aria-invalid"));
    if (message.wrong && first) {
      this.status.textContent = `${message.wrong} to correct. Then look the student up again.`;
      first[1].focus();
    } else this.result.focus();
    this.permit();
  }

  candidate(one, question) {
    const rows = one.lines.map((line) => make("tr", {},
      make("th", { scope: "row", class: "rr-field" }, line.name),
      line.sides.map((side) => make("td", { class: "rr-value" }, this.pieces(side.pieces))),
      make("td", { class: "rr-agreement" }, line.words), make("td", { class: "rr-agreement" }, line.weight)));
    const heads = ["Field", "Student", `Account ${one.cccid}`, "Agreement", "Weight"];
    const table = make("table", { class: "rr-pair", "aria-label": `The student and account ${one.cccid}` },
      make("thead", {}, make("tr", {}, heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, rows));
    const parts = [make("h4", {}, `Account ${one.cccid}: ${one.verdict}${one.remark ? ` (${one.remark})` : ""}`)];
    if (one.agreement) parts.push(make("p", {}, `It ${one.agreement}.`));
    if (one.lines.length) parts.push(table);
    if (question) {
      const box = make("input", { type: "checkbox", value: one.cccid, change: () => this.permit() });
      this.boxes.push(box);
      parts.push(make("label", { class: "rf-choice" }, box, `I compared ${one.cccid} with the student: it is another person's`));
    }
    return parts;
  }

  pieces(pieces) {
    if (!pieces.length) return make("span", { class: "rr-none" }, "none");
    return pieces.map(([text, differs]) => (differs ? make("mark", {}, text) : text));
  }

  permit() {
    if (!this.askButton?.isConnected) return;
    const asked = !this.found?.question || (this.boxes.every((box) => box.checked) && this.because.value.trim() !== "");
    this.askButton.disabled = Boolean(this.waits) || !this.found?.may || !asked;
  }

  ask() {
    if (!this.found) return;
    this.tell("ask", { aside: this.boxes.map((box) => box.value), because: this.because?.value ?? "" });
  }

  done(message) {
    this.found = null;
    const parts = [make("h4", {}, message.summary)];
    if (message.command) {
      parts.push(make("p", {}, "Somebody else looks at it and approves, at a login of their own:"), make("p", {}, make("code", {}, message.command)));
    }
    parts.push(make("div", { class: "rr-buttons" }, make("button", { type: "button", click: () => this.tell("start") }, "Next student")));
    this.result.replaceChildren(...parts);
    this.result.focus();
  }
}

export default {
  render({ model, el }) {
    const root = make("div", { class: "reconcile-review reconcile-form", role: "region", "aria-label": "One account for one student", "data-lm-suppress-shortcuts": "true" });
    el.append(root);
    const form = new Form(model, root);
    return () => form.end();
  },
};
