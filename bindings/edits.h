// SPDX-License-Identifier: Apache-2.0
//
// What changes of a request on its way: one list, whoever asks for it, be it a placement, a signer
// or a reverse route. One writer applies it (proxy/flow/outgoing_request); all that no edit names
// goes out as it came (I9).
//
// Edits are kept while the request waits for its record. So a vault entry's bytes stand in a
// vault::Secret only, shared where they are a whole value, or are put in once the record is made
// (Locked). Plain text may hold what was computed (a signature, a nonce), never a key (I1).
//
// Names are views: of what the rule or the program keeps for longer than the edits.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vault/secret.h"

namespace keyswap::bindings {

// Bytes in locked memory of somebody else's, who keeps them until the head is written.
struct Locked {
  std::string_view bytes;
};

using EditText = std::variant<std::string, vault::Secret, Locked>;

struct FieldEdit {
  std::string_view name;
  EditText value;
  // The number of the field that gets the value. Nothing: the first of that name gets it, further
  // ones go, and where there is none it is added at the end.
  std::optional<std::size_t> at = std::nullopt;
};

// All fields of that name go.
struct FieldRemoval {
  std::string_view name;
};

// The same of several names, which outlive it.
struct FieldRemovals {
  std::span<const std::string_view> names;
};

struct TargetEdit {
  EditText value;
};

// Of a body that was collected.
struct BodyEdit {
  std::string value;
};

// The body was collected, and is so long as it is sent: the head says its length, and no longer
// waits for "100 Continue".
struct BodyLengthEdit {
  std::size_t bytes = 0;
};

// The body may become longer or shorter on its way: the head does not say its length.
struct BodyChunkedEdit {};

using Edit = std::variant<FieldEdit,
                          FieldRemoval,
                          FieldRemovals,
                          TargetEdit,
                          BodyEdit,
                          BodyLengthEdit,
                          BodyChunkedEdit>;

// Where two edits are about the same thing, the first one counts.
class Edits {
 public:
  void set_field(std::string_view name, EditText value) {
    all_.emplace_back(FieldEdit{name, std::move(value)});
  }

  void set_field_at(std::size_t number, std::string_view name, EditText value) {
    all_.emplace_back(FieldEdit{name, std::move(value), number});
  }

  void remove_field(std::string_view name) { all_.emplace_back(FieldRemoval{name}); }

  void remove_fields(std::span<const std::string_view> names) {
    all_.emplace_back(FieldRemovals{names});
  }

  // Not inlined: GCC 12 would doubt that `target` is initialized.
  [[gnu::noinline]] void set_target(EditText target) {
    all_.emplace_back(TargetEdit{std::move(target)});
  }

  void set_body(std::string body) { all_.emplace_back(BodyEdit{std::move(body)}); }

  void set_body_length(std::size_t bytes) { all_.emplace_back(BodyLengthEdit{bytes}); }

  void set_chunked() { all_.emplace_back(BodyChunkedEdit{}); }

  void clear() { all_.clear(); }

  [[nodiscard]] auto begin() const { return all_.begin(); }

  [[nodiscard]] auto end() const { return all_.end(); }

  // The first edit of that kind, or nullptr.
  template <typename Kind>
  [[nodiscard]] const Kind* find() const {
    for (const Edit& edit : all_) {
      if (const auto* const found = std::get_if<Kind>(&edit)) {
        return found;
      }
    }
    return nullptr;
  }

 private:
  std::vector<Edit> all_;
};

}  // namespace keyswap::bindings
