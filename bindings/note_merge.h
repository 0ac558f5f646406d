// SPDX-License-Identifier: Apache-2.0
//
// What the notes of a source's secrets change of what a bindings file says. Whoever may edit notes
// is somebody else than who approves the file (I17): so the file says whether notes count at all,
// and which hosts they may name, and what the file itself binds is taken from it by no note but one
// of the same secret. It is worked out anew from all notes each time, and depends on nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/note.h"
#include "bindings/strict_yaml.h"
#include "vault/secret_name.h"

namespace keyswap::bindings {

// One secret of the source.
struct SourceNote {
  std::string name;     // as the source has it
  std::string text;     // "" it has no note
  std::string derived;  // the placeholder of who says none; "" there is none
};

enum class NoteStanding : std::uint8_t {
  bound,            // the note counts, for those of its hosts that it may name
  no_note,          // it says nothing of hosts
  invalid,          // it has the mark, and cannot be used: the secret goes nowhere
  host_not_listed,  // it names no host that it may name
  file_counts,      // what the file says of the secret is not a note's to replace
};

// What became of one secret's note.
struct NoteState {
  std::string name;
  NoteStanding standing = NoteStanding::no_note;
  std::string why;                 // of `invalid` and `file_counts`; what looks like a mistake
  std::string placeholder;         // what the secret is known by; "" nothing
  std::vector<HostPattern> hosts;  // where it may go by its note
  std::vector<HostPattern> refused_hosts;  // that the note names, and may not
};

// A secret that is bound by its note, in place of what the file says of it.
struct NoteEntry {
  vault::SecretName name;
  YamlNode entry;  // of `secrets:`
};

// A placeholder of a secret of the source that nothing binds: it goes nowhere, and is known all the
// same, so that whoever sends it is told why. None is a part of another, nor of one that is bound.
struct UnboundSecret {
  vault::SecretName name;
  std::string placeholder;
  OutOfForce why = OutOfForce::no_note;

  bool operator==(const UnboundSecret&) const = default;
};

struct MergedNotes {
  std::vector<NoteState> states;                // of each secret of the source, by name
  std::vector<NoteEntry> entries;               // by name
  std::vector<vault::SecretName> out_of_force;  // what the file says of these does not count
  std::vector<UnboundSecret> unbound;
};

// `file`: what the file says without notes.
MergedNotes merge_notes(const Bindings& file,
                        const NotesRule& rule,
                        std::span<const SourceNote> notes);

// Why the secret of that name, which nothing binds, goes nowhere.
OutOfForce why_unbound(const MergedNotes& merged, const vault::SecretName& name);

// May notes name it? A wildcard may be named where it is listed itself; a host where it is, or a
// wildcard over it.
bool may_be_named(const HostPattern& host, const NotesRule& rule);

}  // namespace keyswap::bindings
