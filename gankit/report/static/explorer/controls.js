// What a person moves: seeds, classes and directions.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const STEP = 0.1;
  const CHIPS = 20; // Classes beyond which a list is easier than a row of them.
  let made = 0;

  const unique = (name) => `explorer-${name}-${++made}`;

  // Returns buttons and a field for the seed; `heard` has `seeded` and `saved`.
  explorer.actions = (heard) => {
    const seed = element("input", {
      type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, value: 0,
      className: "explorer__input",
    });
    seed.addEventListener("input", () => {
      const value = seed.valueAsNumber;
      const fits = Number.isSafeInteger(value) && value >= 0;
      seed.setAttribute("aria-invalid", String(!fits));
      if (fits) heard.seeded(value);
    });
    const fresh = button("New", () => {
      const next = seed.valueAsNumber + 1;
      seed.value = Number.isSafeInteger(next) ? next : 0;
      seed.dispatchEvent(new Event("input"));
    });
    fresh.classList.add("explorer__main");
    const field = element("label", { className: "explorer__line" }, "Seed ", seed);
    return element("div", { className: "explorer__actions" }, fresh, field,
      button("Save PNG", heard.saved));
  };

  // Returns a field in which one of the named classes is chosen; `chosen` hears of it by number.
  explorer.classes = (names, chosen) => (names.length > CHIPS ? list : chips)(names, chosen);

  function chips(names, chosen) {
    const group = unique("class");
    const options = names.map((name, number) => {
      const radio = element("input", {
        type: "radio", name: group, value: number, checked: number === 0,
      });
      radio.addEventListener("change", () => chosen(number));
      return element("label", { className: "explorer__chip" }, radio, element("span", {}, name));
    });
    return element("fieldset", { className: "explorer__field" }, element("legend", {}, "Class"),
      element("div", { className: "explorer__chips" }, ...options));
  }

  function list(names, chosen) {
    const options = names.map((name, number) => element("option", { value: number }, name));
    const select = element("select", { className: "explorer__input" }, ...options);
    select.addEventListener("change", () => chosen(Number(select.value)));
    const label = element("label", { className: "explorer__line" }, "Class ", select);
    return element("div", { className: "explorer__field" }, label);
  }

  // Returns a slider for each share; `moved` hears every value, in the directions' order.
  explorer.directions = (shares, reach, moved) => {
    const values = shares.map(() => 0);
    const sliders = shares.map((share, k) => slider(k + 1, share, reach, (value) => {
      values[k] = value;
      all.disabled = values.every((each) => each === 0);
      moved([...values]);
    }));
    const all = button("Reset", () => {
      sliders.forEach(({ reset }) => reset());
      sliders[0].range.focus(); // The button, which is disabled now, would lose it.
    });
    all.disabled = true;
    return element("fieldset", { className: "explorer__field" },
      element("legend", {}, "Directions"),
      element("p", { className: "explorer__note" },
        "The ways in which the pictures change most, with each one's share of all change."),
      ...sliders.map(({ row }) => row), all);
  };

  function slider(number, share, reach, moved) {
    const id = unique("direction");
    const range = element("input", {
      id, type: "range", min: -reach, max: reach, step: STEP, value: 0,
      className: "explorer__range",
    });
    const value = element("output", { className: "explorer__value", htmlFor: id }, "0.0");
    const back = element("button", {
      type: "button", className: "explorer__back", title: "back to 0", disabled: true,
      "aria-label": `direction ${number} back to 0`,
    }, "\u21ba");
    const set = () => {
      const now = range.valueAsNumber;
      value.textContent = signed(now);
      back.disabled = now === 0;
      fill(range, now / reach / 2);
      moved(now);
    };
    const reset = () => {
      range.value = 0;
      set();
    };
    range.addEventListener("input", set);
    back.addEventListener("click", () => {
      reset();
      range.focus();
    });
    const name = element("label", { className: "explorer__name", htmlFor: id },
      `Direction ${number} `, element("span", { className: "explorer__share" }, percent(share)));
    const row = element("div", { className: "explorer__slider" }, name, range, value, back);
    return { row, range, reset };
  }

  const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const sign = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "");
  const signed = (value) => sign(value) + Math.abs(value).toFixed(1);

  // Fills a slider's line from its middle on, over a share of the line in [-1/2, 1/2].
  function fill(range, share) {
    const long = Math.abs(share);
    const start = Math.min(0.5, 0.5 + share);
    // A background at 0% or 100% has its own edge at the line's.
    range.style.setProperty("--from", `${(start / (1 - long)) * 100}%`);
    range.style.setProperty("--long", `${long * 100}%`);
  }

  function button(words, pressed) {
    const one = element("button", { type: "button", className: "explorer__button" }, words);
    one.addEventListener("click", pressed);
    return one;
  }
})();
