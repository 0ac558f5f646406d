// SPDX-License-Identifier: Apache-2.0
//
// bindings.yaml -> Bindings, strictly (docs/bindings.md): one document; every error with its place,
// all of them at once; nothing is guessed.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bindings/binding.h"
#include "vault/source_kind.h"

namespace keyswap::bindings {

// An error or a warning of the operator's file. The text may quote the operator's own keys and host
// names, never a value that could be a secret (placeholders, formats and unknown values are not
// quoted).
struct ConfigIssue {
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1
  std::string text;
  std::string hint;  // what to do; may be ""
};

struct MergedNotes;  // bindings/note_merge.h

struct Parsed {
  Bindings bindings;  // usable only if errors is empty
  std::vector<ConfigIssue> errors;
  std::vector<ConfigIssue> warnings;
  std::string text;  // what was parsed, as it is; only of parse_file()
};

// May no `route:` and no custom service have that name, because the listener knows it otherwise?
bool is_route_taken(std::string_view name, Venues venues);

// `folder`: what relative file names in the text are relative to. `venues`: those that the file may
// speak of; what is made refers to them (bindings/venues/table.h has all of this program). `kinds`:
// the same of sources of secrets (vault/sources/kinds.h). `notes`: what notes say beside the text,
// which has to let them (`binding_source`); null: nothing.
Parsed parse(std::string_view yaml,
             const std::string& folder,
             Venues venues,
             vault::BackendKinds kinds = {},
             const MergedNotes* notes = nullptr);

// Reads the file (regular, not writable by others, at most kBindingsFileBytesMax) and
// parses it.
base::Result<Parsed> parse_file(const std::string& path,
                                Venues venues,
                                vault::BackendKinds kinds = {});

}  // namespace keyswap::bindings
