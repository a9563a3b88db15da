"""Small standalone pages that look like the main page and need no file, script or session."""

from html import escape
from typing import Final

_STYLE: Final = """
:root{color-scheme:light dark;
--ground:light-dark(#f6f7f9, #0b0e13);--surface:light-dark(#ffffff, #11151c);--raised:light-dark(#f0f2f5, #1b212b);
--line:light-dark(#e3e6eb, #252c37);--line-strong:light-dark(#868e9c, #6f7a8b);
--text:light-dark(#141922, #e7ebf2);--text-2:light-dark(#485160, #b4bdcb);
--ink:light-dark(#171c26, #eef1f6);--on-ink:light-dark(#ffffff, #11151c);--ink-hover:light-dark(#303849, #ffffff);
--accent:light-dark(#4546cf, #a4a9ff);
--bad:light-dark(#b42318, #ff9a90);--bad-soft:light-dark(#fdf2f1, #2a1617);--bad-line:light-dark(#f2c9c5, #5b2a28)}
*{box-sizing:border-box}
body{margin:0;min-height:100dvh;padding:12vh 16px 32px;background:var(--ground);color:var(--text);
font:14px/20px "Inter Variable",system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:400px;margin:0 auto;padding:24px;border:1px solid var(--line);border-radius:10px;
background:var(--surface)}
.brand{display:flex;align-items:center;gap:8px;margin-bottom:20px;font-weight:600}
.brand rect{fill:var(--ink)}.brand path{fill:none;stroke:var(--on-ink);stroke-width:3;stroke-linecap:round;
stroke-linejoin:round}
h1{margin:0 0 16px;font-size:20px;line-height:28px;font-weight:600}
p,form{margin:0 0 16px}main>:last-child{margin-bottom:0}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code{padding:1px 4px;border-radius:3px;background:var(--raised);white-space:nowrap;
font:12px/18px ui-monospace,"SF Mono",Menlo,Consolas,monospace}
label{display:block;margin-bottom:4px;font-size:13px;font-weight:500}
input{width:100%;height:40px;padding:0 12px;border:1px solid var(--line-strong);border-radius:6px;
background:var(--surface);color:inherit;font:inherit}
input[aria-invalid]{border-color:var(--bad)}
button,.button{display:block;width:100%;min-height:40px;margin-top:12px;padding:9px 16px;border:1px solid transparent;
border-radius:6px;background:var(--ink);color:var(--on-ink);font:inherit;font-weight:600;text-align:center;cursor:pointer}
button:hover,.button:hover{background:var(--ink-hover);text-decoration:none}
.quiet{border-color:var(--line-strong);background:var(--surface);color:var(--text)}
.quiet:hover{background:var(--raised)}
[role=alert]{padding:8px 12px;border:1px solid var(--bad-line);border-radius:6px;background:var(--bad-soft);
color:var(--bad)}
.or{display:flex;align-items:center;gap:12px;color:var(--text-2);font-size:12px}
.or::before,.or::after{flex:1;height:1px;background:var(--line);content:""}
.hint{color:var(--text-2);font-size:13px}
@media(max-width:480px){body{padding-top:24px}main{padding:20px 16px}}
"""
_ARROW: Final = "M9 8v16M23 8v16M9 16h8m0 0-3.5-3.5M17 16l-3.5 3.5"
_SIGN: Final = f'<rect width="32" height="32" rx="7"{{0}}/><path d="{_ARROW}"{{1}}/>'
_ICON: Final = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
    + _SIGN.format(
        " fill='#171c26'", " fill='none' stroke='#fff' stroke-width='3' stroke-linecap='round'"
    ).replace('"', "'")
    + "</svg>"
).replace("#", "%23")
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} · Headway</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    f'<link rel="icon" type="image/svg+xml" href="{escape(_ICON)}">{{head}}'
    f"<style>{_STYLE.replace('{', '{{').replace('}', '}}')}</style>"
    '<main><div class="brand"><svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">'
    f"{_SIGN.format('', '')}</svg>Headway</div><h1>{{title}}</h1>{{body}}</main></html>"
)


def page(title: str, body: str, head: str = "") -> str:
    """Returns a small HTML page; `body` and `head` are already HTML."""
    return _PAGE.format(title=escape(title), body=body, head=head)


def alert(sentence: str, id: str = "") -> str:
    """Returns an error message that screen readers announce; `id` connects it with its field."""
    name = f' id="{escape(id)}"' if id else ""
    return f'<p role="alert"{name}>{escape(sentence)}</p>'
