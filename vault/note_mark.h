// SPDX-License-Identifier: Apache-2.0
//
// The mark of a secret's note at its source: a note that begins with a line `# avp-binding` (or
// `# kow-binding`, its later name) says where the secret may go. Any other note is somebody's own
// text, is none of ours, and may be as secret as the value. What a marked note says is read by
// bindings/note.h. Where secrets have tags, a tag of that name stands for such a note, and its
// value for what is behind the mark. Source: agent-vault-proxy, docs/architecture.md, ADR-0025 and
// ADR-0038.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::vault {

inline constexpr std::string_view kNoteMark = "# avp-binding";
inline constexpr std::array<std::string_view, 2> kNoteTags = {"avp-binding", "kow-binding"};

// A longer one cannot be used (bindings/note.h), so nothing of it is kept but the mark; nor are
// more than so many bytes of all, which lie in locked memory (I10).
inline constexpr std::size_t kNoteKeptBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kNotesKeptBytesMax = std::size_t{1024} * 1024;
// Of a source that lists them page by page, so many may have a note, or none.
inline constexpr std::size_t kNotedSecretsMax = 10'000;

enum class NoteLook : std::uint8_t {
  plain,
  host_shaped,  // a host alone, or a line that begins with `host:`: the mark may be forgotten
  marked,
};

NoteLook look_of_note(std::string_view note);

// What stands behind the line with the mark; "" where there is none. A view into `note`.
std::string_view body_of_note(std::string_view note);

// I1: what is kept of a note. Of somebody's own text nothing but that it looks like a binding; of
// one that is too long the mark alone. unavailable without locked memory.
base::Result<Secret> kept_note(Secret note);

}  // namespace keyswap::vault
