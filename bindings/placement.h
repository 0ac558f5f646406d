// SPDX-License-Identifier: Apache-2.0
//
// A placement: where in a request a credential stands. It knows its placeholder when it is seen
// there, and says what becomes of the place: an edit (bindings/edits.h). What the value is, a
// scheme computes (bindings/injection.h); the two combine.
//
// One file a kind in bindings/placements/, listed in bindings/placements.cc. A Placement is
// immutable and pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/edits.h"
#include "bindings/scheme.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "vault/secret.h"

namespace keyswap::bindings {

// The head of a request in numbered parts, as placeholders are looked for in it: the values of its
// fields in their order, then the target.
struct HeadParts {
  const http::HeaderList& fields;
  std::string_view target;  // origin form

  [[nodiscard]] std::size_t size() const { return fields.size() + 1; }

  [[nodiscard]] bool is_field(std::size_t part) const { return part < fields.size(); }

  [[nodiscard]] std::string_view operator[](std::size_t part) const {
    return is_field(part) ? fields[part].value : target;
  }
};

// A head as a client writes it.
struct ClientHead {
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
};

// A credential on its way to its place.
struct Filling {
  HeadParts head;
  // Where the placeholder stands. Nothing: nowhere, because a reverse route chose the rule.
  std::optional<std::size_t> part;
  Locked value;  // it passed check()
  // Holds the value, until the head is written. What is put together with it goes behind it.
  vault::LockedBuffer& scratch;
};

class Placement {
 public:
  Placement() = default;
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;
  Placement(Placement&&) = delete;
  Placement& operator=(Placement&&) = delete;
  virtual ~Placement() = default;

  // As people are told: "header", and which one: "x-api-key".
  [[nodiscard]] virtual std::string_view kind() const = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Writes the placeholder where it belongs, as a client does (for `explain`).
  virtual void show(std::string_view placeholder, ClientHead& head) const = 0;

  // A placeholder was seen in that part: does it stand where, and as, it has to (I2)?
  [[nodiscard]] virtual bool holds(const HeadParts& head,
                                   std::size_t part,
                                   std::string_view placeholder) const = 0;

  // Is the place there more than once, so that it is not clear which one the upstream will read?
  [[nodiscard]] virtual bool is_repeated(const HeadParts& head) const = 0;

  // Can this value stand here, and change nothing else (I9)? invalid_input or limit_exceeded if it
  // cannot.
  [[nodiscard]] virtual base::Status check(std::string_view value) const = 0;

  // Adds the edit by which the value stands here. limit_exceeded when the scratch is full.
  [[nodiscard]] virtual base::Status fill(const Filling& filling, Edits& edits) const = 0;
};

struct MadePlacement {
  std::unique_ptr<const Placement> placement;  // null if there are errors
  std::vector<SchemeIssue> issues;
};

// A kind of placement, as a Scheme is one of injections: the key of `inject:` that bears its name
// chooses it.
struct PlacementKind {
  std::string_view name;
  std::span<const SchemeParameter> parameters;  // the first is the key of its name
  MadePlacement (*make)(const SchemeSetup& setup);
};

}  // namespace keyswap::bindings
