"""What the reader may remark on: every kind by name, its title for people, and what it means for the rows.

A kind that is not listed cannot be noted: `Kind` is the type of what `Diagnostics.note` takes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, NamedTuple

Kind = Literal[
    "bad_line",
    "binary_column",
    "blank_file",
    "blank_lines",
    "cccid_under_other_code",
    "cell_error",
    "column_order",
    "comment_doubt",
    "conflict",
    "control_inside",
    "control_kept",
    "cut_field",
    "date_1904",
    "date_doubt",
    "date_placeholder",
    "date_range",
    "date_serial",
    "date_unreadable",
    "day_month_doubt",
    "delimiter_changed",
    "delimiter_guess",
    "digits_lost",
    "empty_column",
    "empty_row",
    "encoding_guess",
    "encoding_mixed",
    "encoding_twice",
    "escape_guess",
    "float_ids",
    "footer",
    "footer_doubt",
    "formula_without_value",
    "future_id",
    "future_row",
    "guarded",
    "header_comment",
    "header_doubt",
    "header_empty",
    "header_repeated",
    "header_rows",
    "header_twice",
    "id_is_ssn",
    "id_may_be_ssn",
    "id_missing",
    "id_not_unique",
    "id_scientific",
    "id_zeros_lost",
    "index_column",
    "line_end_guess",
    "line_end_mixed",
    "long_line",
    "looks_fixed",
    "mark_inside",
    "merged_cells",
    "multiline_doubt",
    "multivalue_mismatch",
    "nested_column",
    "nested_value",
    "never_delivered",
    "no_additional_ids",
    "no_current_row",
    "no_header",
    "no_rows",
    "not_submitted",
    "nul_bytes",
    "other_records",
    "padding",
    "page_break",
    "preamble",
    "quote_guess",
    "ragged",
    "report_row",
    "rescinded",
    "role_unknown",
    "row_of_words",
    "row_repeated",
    "ruler",
    "same_part",
    "second_table",
    "short_line",
    "ssn_decimal",
    "ssn_hidden",
    "ssn_unusable",
    "stray_quote",
    "table_doubt",
    "trailing_delimiter",
    "truncated",
    "two_digit_year",
    "unknown_value",
    "unmapped_columns",
    "zeros_shown",
]


class Sort(StrEnum):
    """What a remark means for the rows; each value is the word for people."""

    ASIDE = "set aside"
    REPAIR = "repair"
    DOUBT = "doubt"


class Remark(NamedTuple):
    """A kind of remark.

    Attributes:
        title: two to six plain words, for a table.
        sort: ASIDE where rows were set aside and counted; REPAIR where something was changed or left out
            and every row was read; DOUBT where something was guessed, or kept although it looks wrong.
    """

    title: str
    sort: Sort


REMARKS: Final[dict[Kind, Remark]] = {
    # Rows that take no part.
    "bad_line": Remark("Line without a readable object", Sort.ASIDE),
    "control_inside": Remark("Tab where positions count", Sort.ASIDE),
    "header_repeated": Remark("Column names again", Sort.ASIDE),
    "id_missing": Remark("No id", Sort.ASIDE),
    "id_not_unique": Remark("Id not unique", Sort.ASIDE),
    "no_current_row": Remark("History without a current row", Sort.ASIDE),
    "ragged": Remark("Too many or too few fields", Sort.ASIDE),
    "role_unknown": Remark("Unknown kind of row", Sort.ASIDE),
    "second_table": Remark("Another table below the first", Sort.ASIDE),
    "short_line": Remark("Line breaks off", Sort.ASIDE),
    # How the text is written.
    "encoding_guess": Remark("Encoding was guessed", Sort.DOUBT),
    "encoding_mixed": Remark("Another encoding in this line", Sort.REPAIR),
    "encoding_twice": Remark("Letters damaged before", Sort.DOUBT),
    "truncated": Remark("Text breaks off", Sort.DOUBT),
    "nul_bytes": Remark("NUL bytes", Sort.REPAIR),
    "mark_inside": Remark("Files were joined here", Sort.REPAIR),
    "control_kept": Remark("Signs that cannot be seen", Sort.DOUBT),
    "line_end_guess": Remark("Line ends were guessed", Sort.DOUBT),
    "line_end_mixed": Remark("Mixed line ends", Sort.REPAIR),
    "page_break": Remark("Page break", Sort.REPAIR),
    # How fields are cut.
    "delimiter_guess": Remark("Delimiter was guessed", Sort.DOUBT),
    "delimiter_changed": Remark("Another delimiter in this line", Sort.REPAIR),
    "trailing_delimiter": Remark("Too many delimiters at the end", Sort.REPAIR),
    "quote_guess": Remark("Unusual quotes were taken off", Sort.DOUBT),
    "escape_guess": Remark("Quotes behind a backslash", Sort.DOUBT),
    "stray_quote": Remark("Stray quote", Sort.REPAIR),
    "multiline_doubt": Remark("Quote perhaps lost", Sort.DOUBT),
    "looks_fixed": Remark("Looks like fixed width", Sort.DOUBT),
    "other_records": Remark("Lines of other record types", Sort.REPAIR),
    "cut_field": Remark("Line ends within a field", Sort.DOUBT),
    "long_line": Remark("Text behind the last field", Sort.REPAIR),
    # What stands around the rows.
    "preamble": Remark("Line above the column names", Sort.REPAIR),
    "header_comment": Remark("Column names behind a #", Sort.DOUBT),
    "comment_doubt": Remark("Row, or a comment", Sort.DOUBT),
    "ruler": Remark("Line of dashes", Sort.REPAIR),
    "no_header": Remark("No column names", Sort.DOUBT),
    "header_rows": Remark("Column names on several lines", Sort.DOUBT),
    "header_doubt": Remark("Doubtful column names", Sort.DOUBT),
    "header_twice": Remark("Two columns of one name", Sort.REPAIR),
    "header_empty": Remark("Column without a name", Sort.REPAIR),
    "row_of_words": Remark("Row, or a column name", Sort.DOUBT),
    "empty_column": Remark("Empty column without a name", Sort.REPAIR),
    "blank_file": Remark("Nothing but blank lines", Sort.DOUBT),
    "blank_lines": Remark("Blank lines", Sort.REPAIR),
    "footer": Remark("Line below the rows", Sort.REPAIR),
    "empty_row": Remark("Row without a value", Sort.DOUBT),
    "table_doubt": Remark("Another table, perhaps", Sort.DOUBT),
    "footer_doubt": Remark("Row that may be a note", Sort.DOUBT),
    "report_row": Remark("Group of a report, perhaps", Sort.DOUBT),
    "no_rows": Remark("No rows", Sort.DOUBT),
    # What spreadsheets, other formats and databases bring along.
    "cell_error": Remark("Error in a cell", Sort.DOUBT),
    "formula_without_value": Remark("Formula never calculated", Sort.DOUBT),
    "merged_cells": Remark("Merged cells", Sort.DOUBT),
    "zeros_shown": Remark("Leading zeros only shown", Sort.DOUBT),
    "date_doubt": Remark("No date in a column of dates", Sort.DOUBT),
    "date_1904": Remark("Days counted from 1904", Sort.DOUBT),
    "date_range": Remark("Day outside the calendar", Sort.DOUBT),
    "nested_column": Remark("Column of lists", Sort.REPAIR),
    "nested_value": Remark("Lists in cells", Sort.DOUBT),
    "index_column": Remark("Row numbers of pandas", Sort.REPAIR),
    "binary_column": Remark("Column of bytes", Sort.REPAIR),
    "guarded": Remark("Sign before all values", Sort.DOUBT),
    "padding": Remark("Filled up with blanks", Sort.DOUBT),
    "column_order": Remark("Columns in another order", Sort.REPAIR),
    "same_part": Remark("The same part twice", Sort.DOUBT),
    # Ids.
    "id_scientific": Remark("Ids with an exponent", Sort.DOUBT),
    "float_ids": Remark("Ids as decimal numbers", Sort.DOUBT),
    "digits_lost": Remark("Digits lost", Sort.DOUBT),
    "id_zeros_lost": Remark("Leading zeros lost", Sort.DOUBT),
    "ssn_hidden": Remark("SSNs hidden", Sort.REPAIR),
    "ssn_decimal": Remark("SSNs as decimal numbers", Sort.REPAIR),
    "ssn_unusable": Remark("SSNs that cannot be used", Sort.DOUBT),
    "id_is_ssn": Remark("Ids that are SSNs hidden", Sort.REPAIR),
    "id_may_be_ssn": Remark("Ids that may be SSNs", Sort.DOUBT),
    "no_additional_ids": Remark("Column of ids is empty", Sort.DOUBT),
    "cccid_under_other_code": Remark("CCCIDs under another code", Sort.DOUBT),
    "future_id": Remark("Ids that take effect later", Sort.REPAIR),
    "future_row": Remark("Rows that take effect later", Sort.REPAIR),
    "multivalue_mismatch": Remark("Parallel lists differ in length", Sort.DOUBT),
    # Dates.
    "date_serial": Remark("Dates as numbers", Sort.DOUBT),
    "two_digit_year": Remark("Years of two digits", Sort.DOUBT),
    "day_month_doubt": Remark("Day or month first", Sort.DOUBT),
    "date_unreadable": Remark("Date cannot be read", Sort.DOUBT),
    "date_placeholder": Remark("Date that stands for none", Sort.DOUBT),
    # What a layout makes of the columns and rows.
    "unmapped_columns": Remark("Columns that nobody reads", Sort.REPAIR),
    "never_delivered": Remark("Column that OpenCCC keeps to itself", Sort.REPAIR),
    "unknown_value": Remark("Unknown code", Sort.DOUBT),
    "row_repeated": Remark("Person in several rows", Sort.REPAIR),
    "conflict": Remark("Rows of a person differ", Sort.DOUBT),
    "not_submitted": Remark("Application not submitted", Sort.REPAIR),
    "rescinded": Remark("Report withdrawn", Sort.REPAIR),
}

_TITLES: Final[dict[str, str]] = {kind: remark.title for kind, remark in REMARKS.items()}
ASIDE: Final = tuple(kind for kind, remark in REMARKS.items() if remark.sort is Sort.ASIDE)


def titled(kind: str, /) -> str:
    """Title a kind as it stands in a frame of diagnostics; what is none stays as it is.

    >>> titled("ragged")
    'Too many or too few fields'
    """
    return _TITLES.get(kind, kind)
