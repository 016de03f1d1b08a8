"""How the record's page looks, beyond what it shares with the evidence page."""

from typing import Final

from ipsec_orchestrator.report.page_style import STYLE

RECORD_STYLE: Final = (
    STYLE
    + """
.t-good{--c:var(--encrypted)}.t-bad{--c:var(--clear)}.t-warn{--c:var(--mixed)}
.t-quiet{--c:var(--unknown)}.t-note{--c:var(--ike)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(430px,100%),1fr));gap:16px}
.cards .card{margin:0;border-left:6px solid var(--c)}
.cards h3{display:block;margin:0 0 .3em;overflow-wrap:anywhere}
.alarm{border-left:4px solid var(--clear);padding-left:12px;margin:8px 0;overflow-wrap:anywhere}
.tools{display:flex;flex-wrap:wrap;gap:10px 20px;align-items:end;margin:8px 0}
.tools[hidden],.pages[hidden]{display:none}
.tools label{display:flex;flex-direction:column;font-size:.86rem;color:var(--quiet)}
input,select,button{font:inherit;color:var(--ink);background:var(--card);
border:1px solid var(--quiet);border-radius:8px;padding:5px 10px}
input{min-width:min(340px,80vw)}
button:disabled{opacity:.5}
thead th{position:sticky;top:0;background:var(--paper)}
thead button{border:0;background:none;padding:0;font-weight:600;cursor:pointer;text-align:left}
th[aria-sort] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
.count{color:var(--quiet);font-size:.9rem}
.pages{display:flex;gap:12px;margin:8px 0}
p,h1,h2{overflow-wrap:anywhere}
td,th{overflow-wrap:break-word;max-width:26rem}
td time,.nobreak{white-space:nowrap}
.bar{width:100%;min-width:240px;height:16px;display:block;margin-top:4px}
.bar .line{stroke:var(--line);stroke-width:2}
.bar rect{fill:var(--c)}
@media print{.tools,.pages{display:none!important}thead th{position:static}
thead button{color:#000}}
"""
)
