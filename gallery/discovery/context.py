"""What is known of a model's file from the files beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What else a model belongs to.

    Attributes:
        lead: Path of the file whose page shows this one, as another export of the same model; ""
            if it has a page of its own.
        base: Path of the model without what names the export and without the suffix, or "".
        label: What tells the export from the others ("fp16"), or "".
        whole: Path of the larger model that it is a component of, or "".
        role: What it is there ("decoder with past"), or "".
        rank: Its place among the components in the order in which data flows, from 0.
        twin: Slug of the first file of the same content, under whose name both are drawn, or "".
        title: What to call it, or what it is a component of, if nobody gave that a title; "" if it
            was not compared with other models.
        absent: Whether it is an export in whose place a pointer of Git LFS or Xet lies.
    """

    lead: str = ""
    base: str = ""
    label: str = ""
    whole: str = ""
    role: str = ""
    rank: int = 0
    twin: str = ""
    title: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """What a catalogue of models says of one, see `gallery.discovery.catalogue`.

    Attributes:
        model: Its name, or "".
        tags: Keywords.
        archive: Path of the archive that holds the model with its test data, or "".
        archive_sha: Its SHA-256, or "".
        archive_bytes: Its size, or 0.
    """

    model: str = ""
    tags: tuple[str, ...] = ()
    archive: str = ""
    archive_sha: str = ""
    archive_bytes: int = 0
