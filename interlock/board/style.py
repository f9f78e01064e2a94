"""How the board looks: for a tired person on a phone at night, so few colours, large words, and nothing that moves."""

STYLE = """\
:root { color-scheme: light dark; --back: #fcfcfb; --card: #ffffff; --line: #d9dde2; --soft: #f1f3f5; --text: #1a1f26;
  --dim: #56606b; --link: #0a58b8; --red: #b3181f; --red-back: #fdeeee; --amber: #7c4300; --amber-back: #fdf3e1;
  --green: #12633a; --fire: #2569c4; --crowd: #6ea6ea; --shut: #f3d9a6; --off: #8b949e; }
@media (prefers-color-scheme: dark) { :root { --back: #0e1217; --card: #151b22; --line: #2c3540; --soft: #1b222b;
  --text: #e7ebf0; --dim: #a3adb8; --link: #7db4ff; --red: #ff8f8a; --red-back: #32171a; --amber: #f3bd62;
  --amber-back: #2b2110; --green: #7fd6a4; --fire: #6ea9ff; --crowd: #3f72b8; --shut: #5a4415; --off: #77818c; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.75rem; }
h1 { font-size: clamp(1.6rem, 6vw, 2.3rem); line-height: 1.15; font-weight: 650; letter-spacing: -.015em;
  margin: .25rem 0 .5rem; }
h2 { font-size: 1.2rem; font-weight: 650; margin: 2.75rem 0 .75rem; padding-top: .25rem; }
h3 { font-size: 1rem; font-weight: 650; margin: 0; }
p { margin: .35rem 0; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, code:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.dim, .utc, dt, footer { color: var(--dim); }
.utc { white-space: nowrap; }
.where { color: var(--dim); font-size: .9rem; }
nav { position: sticky; top: 0; z-index: 2; background: var(--back); border-bottom: 1px solid var(--line); }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; max-width: 60rem; margin: 0 auto; padding: .6rem 1rem;
  list-style: none; }
nav a { text-decoration: none; font-weight: 550; }
nav a:hover { text-decoration: underline; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; margin: .75rem 0; }
.held-card { border-left: 5px solid var(--amber); }
.alarm { background: var(--red-back); border: 1px solid var(--red); border-left-width: 5px; border-radius: 10px;
  color: var(--red);
  padding: .75rem 1rem; margin: .9rem 0; font-weight: 550; }
.alarm a, .alarm .utc { color: inherit; }
.until { font-size: 1.3rem; line-height: 1.3; font-weight: 600; margin: .15rem 0; }
.until .utc { font-size: 1rem; font-weight: 400; }
.figures { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; padding: 0; margin: .75rem 0; list-style: none; }
.figures b { font-size: 1.25rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.names { list-style: none; padding: 0; margin: .5rem 0; columns: 16rem; }
.names li { break-inside: avoid; padding: .12rem 0; }
.cmd { display: flex; gap: .5rem; align-items: flex-start; margin: .5rem 0; }
code { font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--soft); border-radius: 5px;
  padding: .25rem .5rem; overflow-wrap: anywhere; }
.cmd code { flex: 0 1 auto; }
button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--dim);
  border-radius: 6px;
  padding: .3rem .6rem; min-height: 2.25rem; max-width: 100%; }
button { cursor: pointer; flex: none; font-size: .85rem; }
form { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: .75rem 0; }
form[hidden] { display: none; }
label { display: block; font-size: .85rem; color: var(--dim); min-width: 0; }
label input, label select { display: block; width: 100%; color: var(--text); font-size: 1rem; }
.day { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: .3rem 1rem; align-items: center; margin: 1rem 0; }
.strip { display: block; width: 100%; height: 1.1rem; background: var(--soft); border-radius: 3px; }
.tall { height: 3rem; } .tall .strip { height: 3rem; }
.strip path { fill: none; vector-effect: non-scaling-stroke; }
.strip .fire { stroke: var(--fire); stroke-width: 1.5px; } .strip .bad { stroke: var(--red); stroke-width: 2.5px; }
.strip .held { stroke: var(--amber); stroke-width: 2px; } .strip .off { stroke: var(--off); stroke-width: 1.5px; }
.strip .shut { fill: var(--shut); } .strip .crowd { fill: var(--crowd); }
.ruler { display: flex; justify-content: space-between; font-size: .8rem; color: var(--dim);
  font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .5rem 0; list-style: none;
  font-size: .85rem;
  color: var(--dim); }
.legend svg { display: inline-block; width: .75rem; height: 1rem; vertical-align: -.2rem; margin-right: .3rem; }
.agenda { list-style: none; padding: 0; margin: .5rem 0; }
.agenda li { padding: .45rem 0; border-top: 1px solid var(--line); }
.agenda time { font-variant-numeric: tabular-nums; font-weight: 550; }
details { margin: .35rem 0; }
summary { cursor: pointer; padding: .35rem 0; }
.job { border-top: 1px solid var(--line); margin: 0; }
.job > summary { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: .1rem 1rem; align-items: center;
  padding: .55rem 0;
  list-style: none; }
.job > summary::-webkit-details-marker { display: none; }
.job > summary .name { font-weight: 550; } .job > summary .name::before { content: "\\25B8"; color: var(--dim);
  margin-right: .4rem; }
.job[open] > summary .name::before { content: "\\25BE"; }
.job > summary .state { grid-column: 1; font-size: .85rem; color: var(--dim); padding-left: 1.1rem; }
.job > summary .strip { grid-column: 2; grid-row: 1 / span 2; }
.chip { font-weight: 650; } .chip.held { color: var(--amber); } .chip.wrong { color: var(--red); }
  .chip.runs { color: var(--green); }
.more { padding: .25rem 0 1rem 1.1rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1rem; margin: .5rem 0; }
dd { margin: 0; } dd ul { margin: 0; padding-left: 1.1rem; }
#tip { position: fixed; z-index: 3; max-width: 20rem; margin: 0; background: var(--text); color: var(--back);
  font-size: .85rem;
  line-height: 1.4; padding: .35rem .6rem; border-radius: 6px; pointer-events: none; }
footer { font-size: .85rem; margin-top: 3rem; padding-bottom: 3rem; }
@media (max-width: 40rem) { .job > summary, .day { grid-template-columns: minmax(0, 1fr); gap: .2rem; }
  .job > summary .strip { grid-column: 1; grid-row: auto; } .day > :nth-child(odd) { margin-top: .5rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; } .names { columns: 1; } }
@media print { nav, form, button { display: none; } }
"""
