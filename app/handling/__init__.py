"""What each command does: one handler per command, run inside the command bus's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app import commands as c
from app.handling import brands, decisions, lists, sources
from app.handling.transfer import import_decisions
from app.handling.work import Outcome, Work

__all__ = ["HANDLERS", "Outcome", "Work"]

HANDLERS: dict[type[c.Command], Callable[[Any, Work], Outcome]] = {
    c.Decide: decisions.decide,
    c.ClearDecision: decisions.clear_decision,
    c.SplitFrame: decisions.split_frame,
    c.DrawBox: decisions.draw_box,
    c.EditBox: decisions.edit_box,
    c.AcceptRun: lists.accept_run,
    c.AddBrand: brands.add_brand,
    c.RenameBrand: brands.rename_brand,
    c.ConfirmBrand: brands.confirm_brand,
    c.SetCategory: brands.set_category,
    c.AddAlias: brands.add_alias,
    c.RemoveAlias: brands.remove_alias,
    c.MergeBrands: brands.merge_brands,
    c.UnmergeBrand: brands.unmerge_brand,
    c.SplitBrand: brands.split_brand,
    c.AddReference: brands.add_reference,
    c.RemoveReference: brands.remove_reference,
    c.Deny: lists.deny,
    c.Undeny: lists.undeny,
    c.NotSame: lists.not_same,
    c.ForgetNotSame: lists.forget_not_same,
    c.AddToBook: lists.add_to_book,
    c.RemoveFromBook: lists.remove_from_book,
    c.ImportBook: lists.import_book,
    c.RemoveSource: sources.remove_source,
    c.RestoreSource: sources.restore_source,
    c.ImportDecisions: import_decisions,
}
