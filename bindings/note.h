// SPDX-License-Identifier: Apache-2.0
//
// The note of a secret at its source -> what would stand under `secrets:` for it. A note says with
// few words what a bindings file says with many: a host, and what is other than usual. What it
// means is read where bindings are read, by the same rules; nothing here says that it may come into
// force (bindings/note_merge.h). Source: agent-vault-proxy, docs/architecture.md and ADR-0011,
// ADR-0021, ADR-0025 and ADR-0029.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/strict_yaml.h"
#include "vault/secret_name.h"

namespace keyswap::bindings {

struct Note {
  enum class Kind : std::uint8_t {
    none,     // it is somebody's own text, or names no host
    invalid,  // it has the mark, and cannot be used
    bound,
  };

  Kind kind = Kind::none;
  // Why it is invalid; of `none` what looks like a mistake, "" nothing does. It quotes nothing of
  // the note but plain words.
  std::string why;
  // Of `bound`:
  std::string placeholder;         // that the note says; "" it says none
  std::vector<HostPattern> hosts;  // each once, in the order of the note; at least one
  YamlNode inject;                 // as under `inject`
  YamlNode scope;                  // as an entry of `bindings` without its host
};

// `name`: of the secret that the note is of.
Note read_note(const vault::SecretName& name, std::string_view text);

// The entry of `secrets:` that a bound note stands for, for some of its hosts. `source`: the name
// of an entry of `sources:`; "": where secrets come from that name none.
YamlNode entry_of(const Note& note,
                  std::string_view placeholder,
                  std::span<const HostPattern> hosts,
                  std::string_view source);

// As bindings are written: "api.example.com", "*.example.com".
std::string text_of(const HostPattern& host);

// What an API that is known asks for, where its note does not say otherwise.
struct NoteDefaults {
  std::string_view host;
  std::string_view header;
  std::string_view format;
  std::string_view companion;  // the name of a field; "" none
  std::string_view companion_value;
  std::span<const std::string_view> methods;
  std::span<const std::string_view> paths;
};

std::span<const NoteDefaults> note_defaults();

}  // namespace keyswap::bindings
