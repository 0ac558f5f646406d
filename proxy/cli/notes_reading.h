// SPDX-License-Identifier: Apache-2.0
//
// What a run of Backend::notes() brought -> what it changes of a policy. For `serve`, which goes by
// it, and for `bindings check --online`, which shows it.
#pragma once

#include <string>
#include <vector>

#include "bindings/binding.h"
#include "bindings/note_merge.h"
#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/sources/run.h"

namespace keyswap::cli {

// What placeholders are made of that no note says; empty where it need not be there, and is not.
// As read_own_file() fails; invalid_input: it is too short.
base::Result<vault::Secret> read_salt(const bindings::NotesRule& rule);

// `bindings`: of the file alone, with `notes`.
base::Result<bindings::MergedNotes> read_notes(const bindings::Bindings& bindings,
                                               const vault::Done& brought,
                                               const vault::Secret& salt);

// "bound", "no_note", "invalid", "host_not_listed" or "file_counts".
std::string_view to_string(bindings::NoteStanding standing);

// For people: a table of all but those without a note, then a line for each that needs a look.
std::string notes_text(const bindings::MergedNotes& merged);
std::vector<std::string> notes_advice(const bindings::MergedNotes& merged);
// For programs: a list of all but those without a note.
std::string notes_json(const bindings::MergedNotes& merged);

}  // namespace keyswap::cli
