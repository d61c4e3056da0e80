"""An organization's accent as a stylesheet of its own, in tones that can be read on paper and on a dark page (WCAG AA)."""

import colorsys

TINT, DARK_TINT, INK, WHITE = "#f4f2ec", "#202428", "#1c1e21", "#ffffff"
"""The tints of the stylesheet: of all that the accent stands on, they are the nearest to it."""
READABLE = 4.5
"""The contrast that text needs: WCAG 2.2, success criterion 1.4.3."""
_STEPS = 100


def stylesheet(accent: str) -> str:
    """The custom properties for an accent such as #7a3b12."""
    light, dark = readable(accent, TINT), readable(accent, DARK_TINT)
    return (
        f":root{{--accent:{light};--on-accent:{on(light)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{on(dark)}}}}}\n"
    )


def readable(colour: str, paper: str) -> str:
    """The colour itself, or the tone of it next to it that can be read on this paper or tint."""
    red, green, blue = (part / 255 for part in _parts(colour))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    end = 0.0 if luminance(paper) > 0.5 else 1.0
    for step in range(_STEPS + 1):
        tone = lightness + (end - lightness) * step / _STEPS
        found = "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, tone, saturation))
        if contrast(found, paper) >= READABLE:
            return found
    raise AssertionError("black and white can always be read")


def on(colour: str) -> str:
    """What can be read on a surface of this colour."""
    return max((WHITE, INK), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, from 0 to 1."""
    red, green, blue = (part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
