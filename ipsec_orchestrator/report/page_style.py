"""How the evidence page looks: light, dark, narrow, and on paper."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--ink:#1c2126;--quiet:#59636e;
--line:#d9dde1;--net:#eef1f3;--encrypted:#0b7a53;--clear:#c0272d;--mixed:#b45309;
--no-answer:#6d4fa8;--unknown:#5b6570;--on:#fff;--ike:#2563a8}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1d2125;--ink:#e8ebed;
--quiet:#a3adb6;--line:#363d44;--net:#191d20;--encrypted:#3ccf97;--clear:#ff7b7f;--mixed:#f2a54a;
--no-answer:#b79df0;--unknown:#a7b0b9;--on:#111;--ike:#7db5f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
h1{font-size:2.1rem;line-height:1.15;margin:0 0 .3em;letter-spacing:-.015em}
h2{font-size:1.3rem;margin:2.2em 0 .6em}
h3{font-size:1.1rem;margin:0;display:inline}
p{margin:.4em 0}
a{color:inherit}
:focus-visible{outline:3px solid var(--ike);outline-offset:2px}
.skip{position:absolute;left:-9999px}.skip:focus{left:8px;top:8px;background:var(--card);padding:8px}
.quiet,figcaption,caption,dt,.none{color:var(--quiet)}
.share{display:flex;height:14px;border-radius:7px;overflow:hidden;margin:18px 0 8px;gap:2px}
.share span{display:block}
.keys{display:flex;flex-wrap:wrap;gap:6px 14px;list-style:none;padding:0;margin:0}
.badge{display:inline-block;border-radius:999px;padding:1px 11px;font-weight:600;font-size:.92rem;
background:var(--c);color:var(--on);white-space:nowrap}
.v-encrypted{--c:var(--encrypted)}.v-clear{--c:var(--clear)}.v-mixed{--c:var(--mixed)}
.v-no-answer{--c:var(--no-answer)}.v-unknown{--c:var(--unknown)}
.share span{background:var(--c)}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:12px 0}
dd{margin:0;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 20px;
margin:16px 0;break-inside:avoid}
.card.flow{border-left:6px solid var(--c)}
summary{cursor:pointer;list-style-position:outside}
summary .badge{margin-left:8px}
.map{width:100%;height:auto;display:block;margin:0 auto}
.net{fill:var(--net);stroke:var(--line)}
.host{fill:var(--card);stroke:var(--quiet);stroke-width:1.5}
svg text{fill:var(--ink);font:14px system-ui,"Segoe UI",sans-serif}
.netname{font-weight:600}.hostname{font-weight:600;text-anchor:middle}
.address{font-size:12px!important;fill:var(--quiet)!important;text-anchor:middle}
.edge{fill:none;stroke:var(--c);stroke-width:2.5}
.edge.v-clear{stroke-dasharray:2 5}.edge.v-mixed{stroke-dasharray:12 5}
.edge.v-no-answer{stroke-dasharray:7 7}.edge.v-unknown{stroke-dasharray:1 7}
.head,.dot{fill:var(--c)}.sign{text-anchor:middle;fill:var(--on)!important;font-weight:700}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem;margin:10px 0}
caption{text-align:left;padding:4px 0;font-weight:600}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);
vertical-align:top;font-variant-numeric:tabular-nums}
th{font-weight:600}
code,.hash{font-family:ui-monospace,"Cascadia Mono",Consolas,monospace;font-size:.86rem;
overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:18px}
figure{margin:12px 0}
figcaption{font-size:.86rem}
.timeline{width:100%;height:auto}
.lane{stroke:var(--line);fill:none}
.p-ike,.p-esp,.p-clear{fill:none;stroke-width:3}
.p-ike{stroke:var(--ike)}.p-esp{stroke:var(--encrypted)}.p-clear{stroke:var(--clear)}
.timeline .sum{font-weight:600}.timeline .tick{font-size:11px;fill:var(--quiet)}
.timeline .alarm{fill:var(--clear);font-weight:700}
ul.rests{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));
gap:4px 18px}
ul.rests li{padding-left:1.7em;text-indent:-1.7em}
.yes{color:var(--encrypted)}.no{color:var(--clear)}.open{color:var(--unknown)}
.note{border-left:4px solid var(--mixed);padding-left:12px;margin:8px 0}
footer{padding-bottom:48px}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#bbb;--net:#f4f4f4;
--encrypted:#0b7a53;--clear:#c0272d;--mixed:#b45309;--no-answer:#6d4fa8;--unknown:#5b6570;
--on:#fff;--ike:#2563a8}
body{font-size:10.5pt}.skip{display:none}.scroll{overflow:visible}
details:not([open])::details-content{content-visibility:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}h2{break-after:avoid}}
"""
