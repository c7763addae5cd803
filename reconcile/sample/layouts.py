"""The columns of every file that the generator writes, as colleges really extract them.

Three student information systems, one population. What a reader has to know of each:

**Banner** (`BANNER`): a report-writer join SPRIDEN x GORADID x term, so a person has several rows.
- The person is SPRIDEN_PIDM; the id that people use is SPRIDEN_ID ("@00123456").
- SPRIDEN_CHANGE_IND: empty = the current row (its name and id count), "N" = a former name, "I" = a former id.
- GORADID_ADID_CODE is a local code: "CCCD" marks a CCCID in GORADID_ADDITIONAL_ID, other codes
  ("LEGC", "DMVN") are other numbers. Empty when the person has no additional id. A former row is
  repeated for every additional id and term as well, as a join does.
- Biographical columns stand on every row of a person. Dates DD-MON-YYYY ("04-JUL-2003"); SSN nine digits.
- SPBPERS_DEAD_IND, SPBPERS_CONFID_IND: "Y" or empty. Encoding cp1252.

**Colleague** (`COLLEAGUE`): one row a person, parallel multivalues separated by "|".
- ID has seven digits with leading zeros.
- PERSON.ALT.IDS / PERSON.ALT.ID.TYPES: the type "CCID" marks a CCCID; "LEG" and "DMV" are other
  numbers. In a few rows the two lists differ in length.
- NAME.HISTORY.LAST.NAME / NAME.HISTORY.FIRST.NAME: former names, parallel. FORMER.IDS, TERMS: lists.
- Dates MM/DD/YYYY; SSN nnn-nn-nnnn; DECEASED.DATE filled when deceased; PRIVACY.FLAG "Y". Encoding UTF-8.

**PeopleSoft** (`PEOPLESOFT`): rows EMPLID x NAME_TYPE x EXTERNAL_SYSTEM x EFFDT x STRM.
- EMPLID has eight digits. NAME_TYPE "PRI" = the current name, "FRM" = a former name.
- EXTERNAL_SYSTEM "CID" marks a CCCID in EXTERNAL_SYSTEM_ID; among a person's CID rows only the greatest
  EFFDT not later than the as-of date counts (older are superseded, a few lie in the future). Two rows
  of the same greatest EFFDT both count. "OLD" = a former EMPLID, "DMV" = another number; empty when none.
- Dates YYYY-MM-DD; DT_OF_DEATH filled when deceased; FERPA "Y". Encoding UTF-8 with a byte order mark.

All three: a local column for college (MIS code), term, ENROLLED "Y"/"N" (enrolled in that term), credit
("C" credit, "N" noncredit), person type (STU, EMP, VEN, APP = applied and never enrolled), hold (the
extract asks only for holds that forbid an upload of the person to others: "NU"), K-12 SSID.
"""

from __future__ import annotations

from typing import Final

BANNER: Final = (
    "SPRIDEN_PIDM",
    "SPRIDEN_ID",
    "SPRIDEN_LAST_NAME",
    "SPRIDEN_FIRST_NAME",
    "SPRIDEN_MI",
    "SPRIDEN_CHANGE_IND",
    "SPBPERS_NAME_SUFFIX",
    "SPBPERS_PREF_FIRST_NAME",
    "SPBPERS_BIRTH_DATE",
    "SPBPERS_SSN",
    "SPBPERS_DEAD_IND",
    "SPBPERS_CONFID_IND",
    "GOREMAL_EMAIL_ADDRESS",
    "SPRTELE_PHONE",
    "SPRADDR_STREET_LINE1",
    "SPRADDR_CITY",
    "SPRADDR_STAT_CODE",
    "SPRADDR_ZIP",
    "GORADID_ADID_CODE",
    "GORADID_ADDITIONAL_ID",
    "SSID",
    "CAMPUS",
    "TERM_CODE",
    "ENROLLED_IND",
    "CREDIT_IND",
    "PERSON_TYPE",
    "HOLD_CODE",
)

COLLEAGUE: Final = (
    "ID",
    "LAST.NAME",
    "FIRST.NAME",
    "MIDDLE.NAME",
    "SUFFIX",
    "CHOSEN.FIRST.NAME",
    "NAME.HISTORY.LAST.NAME",
    "NAME.HISTORY.FIRST.NAME",
    "FORMER.IDS",
    "BIRTH.DATE",
    "SSN",
    "DECEASED.DATE",
    "PRIVACY.FLAG",
    "PERSON.PREFERRED.EMAIL",
    "PERSONAL.PHONE.NUMBER",
    "ADDRESS.LINES",
    "CITY",
    "STATE",
    "ZIP",
    "PERSON.ALT.IDS",
    "PERSON.ALT.ID.TYPES",
    "SSID",
    "COLLEGE",
    "TERMS",
    "ENROLLED",
    "CREDIT",
    "PERSON.TYPE",
    "RESTRICTION",
)

PEOPLESOFT: Final = (
    "EMPLID",
    "NAME_TYPE",
    "LAST_NAME",
    "FIRST_NAME",
    "MIDDLE_NAME",
    "NAME_SUFFIX",
    "PREF_FIRST_NAME",
    "BIRTHDATE",
    "NATIONAL_ID",
    "DT_OF_DEATH",
    "FERPA",
    "EMAIL_ADDR",
    "PHONE",
    "ADDRESS1",
    "CITY",
    "STATE",
    "POSTAL",
    "EXTERNAL_SYSTEM",
    "EXTERNAL_SYSTEM_ID",
    "EFFDT",
    "SSID",
    "INSTITUTION",
    "STRM",
    "ENROLLED",
    "CREDIT",
    "PERSON_TYPE",
    "SRVC_IND_CD",
)

# Delivered names of the OpenCCC account elements. Dates yyyy-mm-dd, timestamps yyyy-mm-ddThh:mm:ssZ,
# flags true / false, SSN nnn-nn-nnnn, phone nnn-nnn-nnnn, encoding UTF-8.
OPENCCC: Final = (
    "ccc_id",
    "accepted_terms",
    "accepted_terms_timestamp",
    "address_validation_override",
    "address_validation_override_timestamp",
    "birthdate",
    "email",
    "email_verified",
    "email_verified_timestamp",
    "ssn",
    "ssn_type",
    "ssn_no",
    "ssn_exception",
    "idme_confirmation_timestamp",
    "idme_optin_timestamp",
    "idme_workflow_status",
    "firstname",
    "lastname",
    "middlename",
    "otherfirstname",
    "othermiddlename",
    "otherlastname",
    "preferred_firstname",
    "preferred_middlename",
    "preferred_lastname",
    "suffix",
    "no_perm_address_homeless",
    "perm_country",
    "perm_streetaddress1",
    "perm_streetaddress2",
    "perm_city",
    "perm_state",
    "perm_nonusaprovince",
    "perm_postalcode",
    "perm_zip4",
    "mainphone",
    "phone_type",
    "mainphone_verified",
    "mainphone_verified_timestamp",
    "preferred_method_of_contact",
    "ssid",
)

# The local copy of submitted applications; `sis_person_id` is the id that the SIS gave,
# `status` "S" submitted.
SUPERGLUE: Final = (
    "app_id",
    "ccc_id",
    "sis_person_id",
    "college_id",
    "term_id",
    "status",
    "tstmp_submit",
    "firstname",
    "middlename",
    "lastname",
    "birthdate",
    "email",
)

# One row a report; a report with a rescind date was withdrawn.
FRAUD: Final = ("cccId", "appId", "fraudType", "reportedByMisCode", "reportedDate", "rescindDate")

TRUTH_STUDENTS: Final = ("sis_id", "person", "status", "cccids", "errors")
# What was reported to MIS in an earlier term.
SUBMITTED: Final = ("GI01", "GI03", "sis_id", "SB34")

TRUTH_CHANGES: Final = ("cccid", "seen", "kinds", "person", "under")
TRUTH_SUBMITTED: Final = ("sis_id", "kind")
TRUTH_ACCOUNTS: Final = ("cccid", "person", "errors")

# Codes that the plan or the reader's options must name.
CCCID_CODE: Final = {"banner": "CCCD", "colleague": "CCID", "peoplesoft": "CID"}
UPLOAD_HOLD: Final = "NU"
