"""The one script of the board: the reader's zone, countdowns, a page that has become late, search and filters, copying, and
what a mark of a strip says. It asks nobody anything. Without it the page says all of it in the zone that most jobs have."""

SCRIPT = """\
"use strict";
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const MINUTE = 60000, HALF_A_DAY = 12 * 60 * MINUTE;
  const made = Date.parse(document.body.dataset.now);
  const zoned = new Intl.DateTimeFormat("en-US", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit",
    minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const inZone = (at) => {
    const part = Object.fromEntries(zoned.formatToParts(at).map((one) => [one.type, one.value]));
    const clock = `${part.hour}:${part.minute} ${part.timeZoneName}`;
    return Math.abs(at - made) < HALF_A_DAY ? clock : `${part.year}-${part.month}-${part.day} ${clock}`;
  };
  const inUtc = (at) => {
    const said = new Date(at).toISOString();
    return Math.abs(at - made) < HALF_A_DAY ? `${said.slice(11, 16)} UTC` : `${said.slice(0, 10)} ${said.slice(11, 16)} UTC`;
  };
  // Who reads in UTC keeps the zone of the jobs beside it, as in a terminal.
  const own = !["UTC", "Etc/UTC"].includes(zoned.resolvedOptions().timeZone);
  if (own) for (const time of all("time")) time.textContent = inZone(Date.parse(time.dateTime));

  const spell = (left) => {
    const minutes = Math.max(0, Math.floor(left / MINUTE)), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    return days ? `${days} d ${hours % 24} h` : hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  };
  const late = document.getElementById("late");
  const tick = () => {
    const now = Date.now();
    for (const span of all("[data-to]")) {
      const left = Date.parse(span.dataset.to) - now;
      span.textContent = left > 0 ? `${spell(left)} left` : "its end has passed";
    }
    for (const span of all("[data-age]")) span.textContent = `${spell(now - Date.parse(span.dataset.age))} ago`;
    if (late.dataset.at && now >= Date.parse(late.dataset.at)) late.hidden = false;
  };
  tick();
  setInterval(tick, 15000);

  for (const button of all(".cmd button")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
    });
  }

  const form = document.querySelector("form"), found = document.getElementById("found");
  const jobs = all(".job"), fields = { platform: "p", service: "s", table: "t", state: "k" };
  for (const [name, key] of Object.entries(fields)) {
    const values = new Set(jobs.flatMap((job) => (job.dataset[key] || "").split(" ")).filter(Boolean));
    for (const value of [...values].sort()) form.elements[name].add(new Option(value, value));
  }
  const apply = () => {
    const words = form.elements.q.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const job of jobs) {
      const fits = Object.entries(fields).every(([name, key]) => {
        const wanted = form.elements[name].value;
        return !wanted || (job.dataset[key] || "").split(" ").includes(wanted);
      });
      const said = words.length ? job.textContent.toLowerCase() : "";
      job.hidden = !(fits && words.every((word) => said.includes(word)));
      shown += job.hidden ? 0 : 1;
    }
    found.textContent = shown === jobs.length ? `${shown} jobs` : `${shown} of ${jobs.length} jobs`;
  };
  const write = () => {
    const said = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", `#${said.size ? said : "jobs"}`);
  };
  const read = () => {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      for (const [name, value] of new URLSearchParams(hash)) if (form.elements[name]) form.elements[name].value = value;
      apply();
      document.getElementById("jobs").scrollIntoView();
      return;
    }
    const target = document.getElementById(decodeURIComponent(hash));
    if (!target) return;
    if (target.hidden) { form.reset(); apply(); }
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { apply(); write(); });
  addEventListener("hashchange", read);
  apply();
  read();

  const tip = document.getElementById("tip");
  const MEANS = { f: "starts", b: "starts, and should write a table at once with another job", h: "is held",
    o: "is paused by declaration" };
  const marks = (strip) => (strip.dataset.f || "").split(",").filter(Boolean).map((one) => [parseInt(one, 10), one.slice(-1)]);
  const say = (strip, [minute, kind], x, y) => {
    const at = Math.floor(made / MINUTE) * MINUTE + minute * MINUTE;
    tip.textContent = `${strip.dataset.name} ${MEANS[kind]}: ${own ? `${inZone(at)} (${inUtc(at)})` : inUtc(at)}`;
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(x, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, y - tip.offsetHeight - 10)}px`;
  };
  for (const strip of all(".job .strip")) {
    strip.dataset.name = strip.closest(".job").id.slice(4);
    strip.addEventListener("pointermove", (event) => {
      const box = strip.getBoundingClientRect(), at = ((event.clientX - box.left) / box.width) * 1440;
      const away = (one) => Math.abs(one[0] - at);
      const nearest = marks(strip).reduce((best, one) => (!best || away(one) < away(best) ? one : best), null);
      if (nearest) say(strip, nearest, event.clientX, box.top);
    });
    strip.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
  for (const summary of all(".job > summary")) {
    let place = -1;
    const strip = summary.querySelector(".strip");
    const show = () => {
      const known = marks(strip);
      if (!known.length) return;
      place = Math.max(0, Math.min(place, known.length - 1));
      const box = strip.getBoundingClientRect();
      say(strip, known[place], box.left + (known[place][0] / 1440) * box.width, box.top);
    };
    summary.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") { place += 1; show(); event.preventDefault(); }
      if (event.key === "ArrowLeft") { place -= 1; show(); event.preventDefault(); }
      if (event.key === "Escape") tip.hidden = true;
    });
    summary.addEventListener("blur", () => { tip.hidden = true; place = -1; });
  }
})();
"""
