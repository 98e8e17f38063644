"""Brands: names, aliases, redirects, books, deny list, the snapshot that runs match against."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.brands import KnownBrand, ReferenceCrop
from engine.domain.errors import Conflict, DataDamage, UserFixable
from storage.brands import brand_id_of
from storage.library import Library


@pytest.fixture
def library(library_dir: Path) -> Iterator[Library]:
    with Library.open(library_dir) as opened:
        yield opened


def test_a_brand_comes_back_as_it_was_added(library: Library) -> None:
    crop = ReferenceCrop(library.blobs.put(b"crop"), "drawn by hand")
    brand = library.brands.add(
        "  Casinò   Lugano ", aliases=["Casino Lugano", "Lugano's", "Lugano s"], category="betting",
        books=["league", "clients"], origin="starter",
    )  # fmt: skip
    assert (brand.canonical_name, brand.aliases) == ("Casinò Lugano", ("Lugano's",))
    assert library.brands.get(brand.id) == brand
    assert library.brands.add_reference(brand.id, crop) and not library.brands.add_reference(brand.id, crop)
    assert library.brands.get(brand.id).references == (crop,)
    assert library.brands.remove_reference(brand.id, crop.digest)
    assert not library.brands.remove_reference(brand.id, crop.digest)
    with pytest.raises(DataDamage, match="missing"):
        library.brands.add_reference(brand.id, ReferenceCrop("0" * 64))
    for bad in ("", "  "):
        with pytest.raises(UserFixable, match="needs a name"):
            library.brands.add(bad)


def test_brands_are_found_by_name_and_alias_folded(library: Library) -> None:
    brand = library.brands.add("Booking.com", aliases=["万达"])
    for text in ("BOOKING COM", "booking.com", "万达", brand.id):
        assert library.brands.one(text).id == brand.id
    with pytest.raises(UserFixable, match="No brand is called"):
        library.brands.one("Bookings")
    with pytest.raises(UserFixable, match="no brand"):
        library.brands.get("nothing")


def test_edits_and_their_way_back(library: Library) -> None:
    brand = library.brands.add("Acme", aliases=["ACME Ltd", "Acme GmbH"])
    assert not library.brands.add_alias(brand.id, "acme  LTD")
    assert library.brands.add_alias(brand.id, "Acme Works")
    assert library.brands.remove_alias(brand.id, "ACME LTD") and not library.brands.remove_alias(
        brand.id, "nothing"
    )
    library.brands.rename(brand.id, "Acme Group")
    library.brands.set_category(brand.id, "tools")
    edited = library.brands.set_confirmed(brand.id)
    assert (edited.canonical_name, edited.aliases) == ("Acme Group", ("Acme GmbH", "Acme Works"))
    assert (edited.category, edited.confirmed) == ("tools", True)
    assert (
        edited.updated_at is not None
        and brand.updated_at is not None
        and edited.updated_at > brand.updated_at
    )
    library.brands.put([brand])
    assert library.brands.get(brand.id) == brand
    library.brands.delete(brand.id)
    assert library.brands.all() == []
    assert library.brands.add("Acme").id == brand.id, "the same name gets the same id again"


def test_a_shared_spelling_is_refused_naming_both_unless_asked_for(library: Library) -> None:
    inter = library.brands.add("Inter", aliases=["FC Inter"])
    other = library.brands.add("Intel")
    for act in (
        lambda: library.brands.add("INTER"),
        lambda: library.brands.add("Internazionale", aliases=["fc inter"]),
        lambda: library.brands.add_alias(other.id, "F.C. Inter"),
        lambda: library.brands.rename(other.id, "inter"),
    ):
        with pytest.raises(Conflict, match="already belongs to Inter"):
            act()
    assert library.brands.clashes() == []
    library.brands.add_alias(other.id, "fc  inter", shared=True)
    (clash,) = library.brands.clashes()
    assert {b for b, _, _ in clash.brands} == {inter.id, other.id}
    assert clash.sentence == "'fc inter' belongs to Intel (as 'fc inter') and Inter (as 'FC Inter')."
    with pytest.raises(Conflict, match="belongs to"):
        library.brands.one("FC Inter")
    library.brands.set_merged_into(other.id, inter.id)
    assert library.brands.clashes() == [] and library.brands.one("FC Inter").id == inter.id


def test_a_merge_is_a_redirect_that_can_be_taken_back(library: Library) -> None:
    a, b, c = (library.brands.add(name, aliases=[f"{name} alias"]) for name in ("Aaa", "Bbb", "Ccc"))
    library.brands.set_merged_into(a.id, b.id)
    library.brands.set_merged_into(b.id, c.id)
    assert library.brands.redirects() == {a.id: c.id, b.id: c.id, c.id: c.id}
    assert library.brands.one("aaa alias").id == c.id
    assert [x.canonical_name for x in library.brands.all(merged=False)] == ["Ccc"]
    with pytest.raises(Conflict, match="into each other"):
        library.brands.set_merged_into(c.id, a.id)
    with pytest.raises(Conflict, match="into each other"):
        library.brands.put([msgspec.structs.replace(c, merged_into=a.id)])
    with pytest.raises(UserFixable, match="no brand"):
        library.brands.set_merged_into(c.id, "nothing")
    with pytest.raises(Conflict, match="Un-merge"):
        library.brands.delete(c.id)
    restored = library.brands.set_merged_into(a.id, None)
    assert restored.aliases == ("Aaa alias",) and library.brands.one("aaa alias").id == a.id


def test_the_snapshot_follows_redirects_and_books(library: Library) -> None:
    crop = library.blobs.put(b"crop")
    acme = library.brands.add("Acme", aliases=["ACME Ltd"], books=["clients"])
    tyres = library.brands.add("Acme Tyres", books=["league"])
    library.brands.add_reference(tyres.id, ReferenceCrop(crop))
    library.brands.add("Zeta")
    library.brands.add("Invented", first_source="local_vlm")
    library.brands.deny(["Kick-off"])
    assert [e.name for e in library.brands.snapshot().entries] == ["Acme", "Acme Tyres", "Zeta"]
    before = library.brands.snapshot(["league"])
    assert [e.name for e in before.entries] == ["Acme Tyres"] and before.deny == ("kickoff",)
    library.brands.set_merged_into(tyres.id, acme.id)
    (entry,) = library.brands.snapshot(["league"]).entries
    assert (entry.brand_id, entry.name, entry.aliases) == (acme.id, "Acme", ("ACME Ltd", "Acme Tyres"))
    assert entry.references == (crop,)
    with pytest.raises(UserFixable, match=r"no brand book 'x'.*clients, league"):
        library.brands.snapshot(["x"])
    library.brands.set_confirmed(library.brands.one("Invented").id)
    assert "Invented" in [e.name for e in library.brands.snapshot().entries]


def test_the_snapshots_digest_covers_what_matching_reads_and_nothing_else(library: Library) -> None:
    brands = library.brands
    acme = brands.add("Acme", aliases=["ACME Ltd"])
    seen = [brands.snapshot().digest]

    def same() -> None:
        assert brands.snapshot().digest == seen[-1]

    def differs() -> None:
        digest = brands.snapshot().digest
        assert digest not in seen
        seen.append(digest)

    brands.set_category(acme.id, "tools")
    brands.set_confirmed(acme.id)
    brands.rename(acme.id, "ACME")
    brands.add_book("clients")
    same()
    brands.delete(acme.id)
    brands.add("Acme", aliases=["Acme LTD"], brand_id="another id")
    same()
    brands.add_alias("another id", "Acme Works")
    differs()
    brands.deny(["score"])
    differs()
    brands.add_reference("another id", ReferenceCrop(library.blobs.put(b"crop")))
    differs()
    other = brands.add("Zeta")
    differs()
    brands.remove_alias("another id", "Acme Works")
    brands.add_alias(other.id, "Acme Works")
    differs()
    brands.set_merged_into(other.id, "another id")
    differs()


def test_a_text_without_letters_can_not_be_denied(library: Library) -> None:
    for texts in ([], ["  "], ["!!", ""]):
        with pytest.raises(UserFixable, match="letter or digit"):
            library.brands.deny(texts)


def test_books_deny_list_and_pairs(library: Library) -> None:
    acme, zeta = library.brands.add("Acme"), library.brands.add("Zeta", books=["all"])
    assert library.brands.list_in_book("all", [acme.id, zeta.id]) == 1
    assert library.brands.books() == {"all": 2}
    library.brands.unlist_from_book("all", [zeta.id])
    assert library.brands.get(acme.id).books == ("all",) and library.brands.get(zeta.id).books == ()
    library.brands.delete_book("all")
    assert library.brands.books() == {} and len(library.brands.all()) == 2
    assert library.brands.deny(["Kick-off", "KICK OFF", "…", "Goal"]) == ["KICK OFF", "Goal"]
    assert library.brands.deny(["kickoff"]) == []
    assert library.brands.undeny(["kick off", "nothing"]) == ["KICK OFF"]
    assert library.brands.denied() == {"goal": "Goal"}
    assert library.brands.add_not_same([("b", "a"), ("a", "b"), ("a", "a"), ("a", "c")]) == 2
    assert library.brands.not_same() == {("a", "b"), ("a", "c")}
    library.brands.remove_not_same([("c", "a")])
    assert library.brands.not_same() == {("a", "b")}


def test_edits_of_one_transaction_stand_or_fall_together(library: Library) -> None:
    acme = library.brands.add("Acme")
    with pytest.raises(Conflict), library.db.write() as conn:
        library.brands.add("Zeta", conn=conn)
        library.brands.add_alias(acme.id, "Acme Works")
        assert len(library.brands.all()) == 2, "a read in the same thread sees what was written so far"
        library.brands.add("ACME", conn=conn)
    assert library.brands.all() == [acme]
    with library.db.write():
        library.brands.add("Zeta")
        with pytest.raises(Conflict), library.db.write():
            library.brands.add("Eta")
            library.brands.add("ACME")
    assert [b.canonical_name for b in library.brands.all()] == ["Acme", "Zeta"]


names = st.text("abcé &'", min_size=1, max_size=6).filter(lambda s: bool(s.strip(" &'")))


@settings(max_examples=20, deadline=None)
@given(
    brands=st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=12),
    merges=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12),
)
def test_any_book_keeps_every_spelling_and_no_circle(
    brands: list[tuple[str, list[str]]], merges: list[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library") as library:
        records = [
            KnownBrand(id=f"{i}", canonical_name=name, aliases=tuple(dict.fromkeys(aliases)))
            for i, (name, aliases) in enumerate(brands)
        ]
        library.brands.put(records)
        stored = {b.id: b for b in library.brands.all()}
        assert {i: (b.canonical_name, b.aliases) for i, b in stored.items()} == {
            b.id: (b.canonical_name, b.aliases) for b in records
        }
        for child, target in merges:
            if child < len(records) and target < len(records):
                try:
                    library.brands.set_merged_into(f"{child}", f"{target}")
                except Conflict:
                    assert library.brands.redirects()[f"{target}"] == library.brands.redirects()[f"{child}"]
        top = library.brands.redirects()
        assert all(top[root] == root for root in top.values())
        snapshot = library.brands.snapshot()
        assert {e.brand_id for e in snapshot.entries} == set(top.values())
        for entry in snapshot.entries:
            members = [b for b in records if top[b.id] == entry.brand_id]
            wanted = {brand_id_of(t) for b in members for t in (b.canonical_name, *b.aliases)}
            assert {brand_id_of(t) for t in (entry.name, *entry.aliases)} == wanted
        for clash in library.brands.clashes():
            assert len({top[b] for b, _, _ in clash.brands}) > 1
