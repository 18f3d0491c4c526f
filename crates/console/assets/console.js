// Makes pages live and answers keys. Every page works without it.
"use strict";
(() => {
  const body = document.body;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  // The server's clock against ours, so that "ago" is right on a machine whose clock is not.
  const skew = Number(body.dataset.now) - Date.now();
  const HISTORY_SECONDS = 300;
  const NEW_FOR_MS = 2000;

  // ---- Time ----
  const ago = (ms) => {
    const s = Math.floor(Math.abs(ms) / 1000);
    if (s === 0) return "now";
    const amount = s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
    return ms < 0 ? `in ${amount}` : `${amount} ago`;
  };
  const tickAges = () => {
    const now = Date.now() + skew;
    for (const one of all("[data-ago]")) {
      const words = ago(now - Number(one.dataset.ago));
      if (one.textContent !== words) one.textContent = words;
    }
  };
  setInterval(tickAges, 1000);

  // ---- Keys ----
  const keys = find("#keys");
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  let afterG = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "/") {
      const search = find("#search") || find("#find");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") {
      event.preventDefault();
      if (keys.open) keys.close(); else keys.showModal();
    } else if (event.key === "g") {
      afterG = Date.now();
    } else if (Date.now() - afterG < 1500) {
      afterG = 0;
      const room = find(`nav [data-key="${CSS.escape(event.key)}"]`);
      if (room) room.click();
    }
  });

  // ---- Parts of pages that are asked for again ----
  const parse = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  };
  // A line that a person points at or works in stays where it is.
  const busy = (element) => element.matches(":hover, :focus-within");
  const refreshCells = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML) return;
    const cells = [...old.children], others = [...fresh.children];
    if (cells.length !== others.length) { old.replaceChildren(...others); return; }
    cells.forEach((cell, place) => {
      const other = others[place];
      if (cell.innerHTML !== other.innerHTML && !(cell.contains(document.activeElement))) cell.innerHTML = other.innerHTML;
    });
  };

  const mergeRows = (rows, content, options) => {
    const fresh = all("tr", content);
    const coming = [];
    for (const row of fresh) {
      const old = document.getElementById(row.id);
      if (old) refreshCells(old, row); else coming.push(row);
    }
    if (options.only || options.older || !coming.length) return 0;
    if (busy(rows)) return coming.length;
    for (const row of coming.reverse()) {
      row.classList.add("new");
      setTimeout(() => row.classList.remove("new"), NEW_FOR_MS);
      rows.prepend(row);
    }
    while (rows.rows.length > Math.max(fresh.length, 1)) rows.deleteRow(-1);
    return 0;
  };

  const mergeStory = (story, content) => {
    if (!find(".story", content)) return;
    const open = new Set(all("details[open]", story).map((one) => one.id));
    for (const one of all("details", content)) if (open.has(one.id)) one.open = true;
    const focused = document.activeElement && document.activeElement.closest("details");
    story.replaceChildren(content);
    if (focused && focused.id) { const again = find(`#${CSS.escape(focused.id)} summary`); if (again) again.focus(); }
  };

  const toEnd = (list) => { list.scrollTop = list.scrollHeight; };
  const mergePhones = (phones, content) => {
    const fresh = all(".phone", content);
    const kept = new Set(fresh.map((phone) => phone.id));
    for (const old of all(".phone", phones)) {
      if (!kept.has(old.id) && !old.matches(":focus-within")) old.remove();
    }
    for (const phone of fresh.reverse()) {
      const old = document.getElementById(phone.id);
      if (!old) {
        phones.prepend(phone);
        if (window.htmx) htmx.process(phone);
        toEnd(find(".bubbles", phone));
      } else if (old.dataset.revision !== phone.dataset.revision) {
        old.dataset.revision = phone.dataset.revision;
        const list = find(".bubbles", old), atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
        list.replaceChildren(...find(".bubbles", phone).childNodes);
        if (atEnd) toEnd(list);
        const to = find("[name=to]", old), freshTo = find("[name=to]", phone);
        if (document.activeElement !== to && to.value === to.defaultValue) { to.defaultValue = freshTo.defaultValue; to.value = to.defaultValue; }
      }
    }
    const empty = find("[data-empty-phones]");
    if (empty) empty.hidden = phones.children.length > 0;
  };
  all(".bubbles").forEach(toEnd);

  const part = find("[data-fragment]");
  let asking = false, askAgain = false;
  const askForPart = async () => {
    if (!part) return;
    if (asking) { askAgain = true; return; }
    asking = true;
    try {
      const answer = await fetch(part.dataset.fragment, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      if (answer.ok) {
        const content = parse(await answer.text());
        if (part.dataset.merge === "whole") mergeStory(part, content);
        else if (part.dataset.merge === "phones") mergePhones(part, content);
        else showRows(content);
        tickAges();
      }
    } catch { /* The stream tells when the connection is lost. */ }
    asking = false;
    if (askAgain) { askAgain = false; setTimeout(askForPart, 300); }
  };
  const showRows = (content) => {
    if ("empty" in part.dataset) {
      // The page still teaches; it becomes a log as soon as nobody types in it.
      if (find("tr", content) && !typed()) location.reload();
      return;
    }
    const table = content, rows = find("[data-rows]", part);
    const limit = Number(part.dataset.limit || 0);
    if (limit) all("tr", table).slice(limit).forEach((row) => row.remove());
    const waiting = mergeRows(rows, table, { older: "older" in part.dataset });
    const fresh = find("[data-fresh]", part);
    fresh.hidden = waiting === 0;
    fresh.textContent = waiting ? `Show ${waiting} new` : "";
  };
  const typed = () => all("input:not([type=hidden]), textarea", part).some((field) => field.value !== field.defaultValue);
  for (const button of all("[data-fresh]")) {
    button.addEventListener("click", () => location.reload());
  }
  if (part && find("[data-rows]", part)) {
    part.addEventListener("mouseleave", () => { if (!find("[data-fresh]", part).hidden) askForPart(); });
  }

  // ---- Figures and the chart ----
  const names = ["accepted", "submitted", "delivered", "failed"];
  const words = { accepted: "Accepted", submitted: "Submitted", delivered: "Delivered", failed: "Not delivered" };
  const hues = { accepted: "--waiting", submitted: "--moving", delivered: "--done", failed: "--failed" };
  const dashes = { accepted: [], submitted: [6, 3], delivered: [], failed: [2, 3] };
  const place = find("[data-chart]");
  let history = [], before = null, chart = null;
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const labels = (plot) => {
    // Each line carries its name at its end; names that would collide move apart.
    const context = plot.ctx, ratio = devicePixelRatio || 1, gap = 14 * ratio;
    const last = plot.data[0].length - 1;
    if (last < 0) return;
    const places = names.map((name, index) => ({ name, y: plot.valToPos(plot.data[index + 1][last] || 0, "y", true) }));
    places.sort((a, b) => b.y - a.y);
    for (let i = 1; i < places.length; i++) if (places[i - 1].y - places[i].y < gap) places[i].y = places[i - 1].y - gap;
    let least = plot.bbox.top;
    for (const one of [...places].reverse()) { one.y = Math.max(one.y, least); least = one.y + gap; }
    context.save();
    context.font = `${12 * ratio}px ${getComputedStyle(body).fontFamily}`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (const one of places) {
      context.fillStyle = colour(hues[one.name]);
      context.fillText(words[one.name], plot.bbox.left + plot.bbox.width + 8 * ratio, one.y);
    }
    context.restore();
  };
  const chartData = () => [history.map((row) => row[0]), ...names.map((_, index) => history.map((row) => row[index + 1]))];
  const draw = () => {
    if (!place || !window.uPlot) return;
    if (chart) { chart.setData(chartData(), false); rescale(); return; }
    const axis = { stroke: () => colour("--muted"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, font: `12px ${getComputedStyle(body).fontFamily}` };
    chart = new uPlot({
      width: place.clientWidth, height: 168, legend: { show: false }, cursor: { show: false }, padding: [8, 92, 0, 0],
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        { ...axis, size: 28, space: 90, values: (_, ticks) => ticks.map((at) => new Date(at * 1000).toISOString().slice(11, 19)) },
        { ...axis, size: 48, space: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000] },
      ],
      series: [{}, ...names.map((name) => ({ label: words[name], stroke: () => colour(hues[name]), width: 1.5, dash: dashes[name], points: { show: false } }))],
      hooks: { draw: [labels] },
    }, chartData(), place);
    rescale();
    new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 168 })).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
  };
  const rescale = () => {
    const now = Math.floor((Date.now() + skew) / 1000);
    const most = Math.max(4, ...history.flatMap((row) => row.slice(1)));
    chart.batch(() => {
      chart.setScale("x", { min: now - HISTORY_SECONDS, max: now });
      chart.setScale("y", { min: 0, max: most * 1.1 });
    });
  };
  const showRates = (rates) => names.forEach((name, index) => {
    const rate = find(`[data-rate="${name}"]`);
    if (rate) rate.textContent = rates[index] >= 10 || rates[index] === 0 ? Math.round(rates[index]) : rates[index].toFixed(1);
  });
  // The server tells once what was before the stream was opened: when, over how long, how many.
  const takeHistory = (spans) => {
    history = spans.map(([at, ms, ...counts]) => [at / 1000, ...counts.map((count) => count * 1000 / ms)]);
    if (history.length) showRates(history[history.length - 1].slice(1));
  };
  const takeFigures = (figures) => {
    if (figures.history) takeHistory(figures.history);
    const moved = before && names.some((name) => before[name] !== figures[name]);
    if (before && figures.at > before.at) {
      const seconds = (figures.at - before.at) / 1000;
      const rates = names.map((name) => Math.max(0, figures[name] - before[name]) / seconds);
      const second = figures.at / 1000;
      const newest = history.length ? history[history.length - 1][0] : second - 1;
      // Where nobody looked, the line has a gap rather than a guess.
      if (second - newest > 10) history.push([newest + 1, ...names.map(() => null)]);
      if (newest < second) history.push([second, ...rates]);
      history = history.filter((row) => row[0] > second - HISTORY_SECONDS);
      showRates(rates);
    }
    for (const name of names) {
      const count = find(`[data-count="${name}"]`);
      if (count) count.textContent = grouped(figures[name]);
    }
    const changed = moved || !before;
    before = figures;
    for (const one of all("[data-live]")) if (one.dataset.live in figures) one.textContent = typeof figures[one.dataset.live] === "number" ? grouped(figures[one.dataset.live]) : figures[one.dataset.live];
    if (figures.rows) {
      const rows = find(".connectors [data-rows]");
      if (rows) mergeRows(rows, parse(figures.rows), { only: "only" in rows.dataset });
    }
    draw();
    if (changed || Date.now() - lastAsked > 5000) { lastAsked = Date.now(); if (part && !part.dataset.merge) askForPart(); }
  };
  let lastAsked = Date.now();
  draw();

  // ---- The stream ----
  const lost = find("#lost");
  let source = null, retry = 0, timer = 0;
  const sayLost = (node) => { lost.replaceChildren(node); lost.hidden = false; };
  const open = () => {
    clearTimeout(timer);
    if (!body.dataset.stream || source || document.hidden) return;
    source = new EventSource(body.dataset.stream);
    source.addEventListener("open", () => {
      if (!lost.hidden) askForPart();
      lost.hidden = true;
      retry = 0;
    });
    source.addEventListener("figures", (event) => takeFigures(JSON.parse(event.data)));
    source.addEventListener("moved", (event) => {
      const known = part && find("[data-revision]", part);
      if (part && (part.dataset.merge !== "whole" || !known || known.dataset.revision !== event.data)) askForPart();
    });
    source.addEventListener("error", () => {
      sayLost(document.createTextNode("The connection is lost. What you see may be old. Trying again…"));
      close();
      retry = Math.min(retry + 1, 5);
      timer = setTimeout(reopen, retry * 1000);
    });
  };
  const reopen = async () => {
    // A stream does not tell why it ended; a page does.
    try {
      const answer = await fetch(location.href, { method: "HEAD", redirect: "manual", cache: "no-store" });
      if (answer.status === 401 || answer.type === "opaqueredirect") {
        const link = document.createElement("a");
        link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
        link.textContent = "You are signed out. Sign in again";
        sayLost(link);
        return;
      }
    } catch { /* Still lost; the stream tries again below. */ }
    open();
  };
  const close = () => { if (source) source.close(); source = null; };
  // Browsers allow few connections to one place; a page that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); clearTimeout(timer); } else { before = null; open(); }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();

  // ---- Forms ----
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("[data-answer]");
    if (form && event.detail.successful) find("[name=text]", form).value = "";
  });
  const wrong = find("textarea[data-line]");
  if (wrong) {
    const lines = wrong.value.split("\n"), line = Number(wrong.dataset.line) - 1;
    const start = lines.slice(0, line).join("\n").length + (line > 0 ? 1 : 0);
    wrong.focus();
    wrong.setSelectionRange(start, start + (lines[line] || "").length);
  } else {
    const first = find("[aria-invalid]");
    if (first) first.focus();
  }
})();
