// SPDX-License-Identifier: Apache-2.0
//
// The mark of a secret's note at its source: a note that begins with a line `# avp-binding` (or
// `# kow-binding`, its later name) says where the secret may go. Any other note is somebody's own
// text, is none of ours, and may be as secret as the value. What a marked note says is read by
// bindings/note.h. Source: agent-vault-proxy, docs/architecture.md and ADR-0025.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyswap::vault {

inline constexpr std::string_view kNoteMark = "# avp-binding";

// A longer one cannot be used (bindings/note.h), so nothing of it is kept but the mark; nor are
// more than so many bytes of all, which lie in locked memory (I10).
inline constexpr std::size_t kNoteKeptBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kNotesKeptBytesMax = std::size_t{1024} * 1024;

enum class NoteLook : std::uint8_t {
  plain,
  host_shaped,  // a host alone, or a line that begins with `host:`: the mark may be forgotten
  marked,
};

NoteLook look_of_note(std::string_view note);

// What stands behind the line with the mark; "" where there is none. A view into `note`.
std::string_view body_of_note(std::string_view note);

}  // namespace keyswap::vault
