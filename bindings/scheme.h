// SPDX-License-Identifier: Apache-2.0
//
// A scheme: a way to make a credential of a secret, chosen with `inject.type`. Its descriptor says
// which keys `inject:` may have; the parser checks those, so that a scheme sees only text it asked
// for. Adding one is a file in bindings/schemes/ and a line in bindings/schemes.cc
// (docs/bindings.md tells how).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/injection.h"
#include "vault/secret_name.h"

namespace keyswap::bindings {

class Placement;  // bindings/placement.h

// A key of `inject:`; its value is text.
struct SchemeParameter {
  std::string_view name;
  bool is_required = false;
  std::string_view help;
};

// An entry of `compose:`: the name that templates use, and the vault entry it stands for.
struct ComposePart {
  std::string alias;
  vault::SecretName name;
};

struct SchemeValue {
  std::string_view parameter;
  std::string text;
};

// What make() gets. Parameters that are not in the descriptor never come here.
struct SchemeSetup {
  vault::SecretName name;  // the entry of `secrets:`
  std::vector<SchemeValue> values;
  std::optional<std::vector<ComposePart>> compose;
  const Placement* place = nullptr;  // where the credential goes; null: it was refused already

  // The value of a parameter, or nullptr if it is not given.
  [[nodiscard]] const std::string* find(std::string_view parameter) const;
};

// Something wrong, or doubtful, with a parameter's value. The text never quotes the value.
struct SchemeIssue {
  std::string_view parameter;
  std::size_t offset = 0;  // into its value
  std::string text;
  std::string hint;
  bool is_warning = false;
};

struct MadeInjection {
  std::unique_ptr<const Injection> injection;  // null if there are errors
  std::vector<SchemeIssue> issues;
};

struct Scheme {
  std::string_view name;  // of `inject.type`
  std::string_view summary;
  std::span<const SchemeParameter> parameters;
  MadeInjection (*make)(const SchemeSetup& setup);
  // The header that must be the placeholder and nothing else. "": where it stands, make_place says,
  // or `inject:` with the keys of a placement (bindings/placements.h).
  std::string_view key_header = {};
  // May `inject:` name any placement, and any option of one? Else it is the default one, plain.
  bool takes_any_place = false;
  // Not null: a place of the scheme's own that is no header.
  std::unique_ptr<const Placement> (*make_place)() = nullptr;
  // May this be its placeholder although it is shorter than others? It has the form of the vendor's
  // keys, and is looked for with `placeholder_mark`, which stands right before it in a request: by
  // itself it could stand anywhere by chance. Null: none may.
  bool (*is_short_placeholder)(std::string_view text) = nullptr;
  std::string_view placeholder_mark = {};

  // Does `inject:` not say where the placeholder stands?
  [[nodiscard]] bool has_own_place() const { return !key_header.empty() || make_place != nullptr; }
};

}  // namespace keyswap::bindings
