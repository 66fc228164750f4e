"""The picture of the rooms is that of the code."""

from ops.draw_architecture import PICTURE, draw


def test_the_picture_in_architecture_md_is_drawn_from_the_code():
    # Otherwise run `python ops/draw_architecture.py`.
    assert PICTURE.read_text(encoding="utf-8") == draw()
