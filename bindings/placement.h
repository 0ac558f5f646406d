// SPDX-License-Identifier: Apache-2.0
//
// A placement: where in a request a credential stands. It finds its placeholder there, and says how
// a value is written in its place. What the value is, a scheme computes (bindings/injection.h); the
// two combine. Which of the spots that were found get a value, proxy/flow/decide says, and
// proxy/flow/substitute puts it there.
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

// A run of bytes in a part of a head, which a credential takes the place of.
struct Spot {
  std::size_t part = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  // begin and end count in what the part's Basic credentials say (bindings/basic_text.h), and not
  // in the part.
  bool is_in_basic = false;
  std::size_t occurrences = 1;  // so often the placeholder stands in it

  [[nodiscard]] bool overlaps(const Spot& other) const {
    return part == other.part &&
           (is_in_basic != other.is_in_basic || (begin < other.end && other.begin < end));
  }
};

// A credential on its way to a place where no placeholder stands, because a reverse route chose the
// rule.
struct Filling {
  HeadParts head;
  Locked value;  // as write() gave it
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

  // Could the placeholder stand here at all? (The parser asks.)
  [[nodiscard]] virtual bool can_hold(std::string_view placeholder) const {
    static_cast<void>(placeholder);
    return true;
  }

  // A placeholder was seen in that part: appends each spot where it stands where, and as, it has to
  // (I2), in their order. Spots of one part do not overlap.
  virtual void find(const HeadParts& head,
                    std::size_t part,
                    std::string_view placeholder,
                    std::vector<Spot>& spots) const = 0;

  // How often is the place there? More than once, and it is not clear which one the upstream will
  // read.
  [[nodiscard]] virtual std::size_t count(const HeadParts& head) const = 0;

  // Is a spot always the whole of a field, whatever else stood in it?
  [[nodiscard]] virtual bool is_whole() const { return false; }

  // May it be filled where no placeholder stands?
  [[nodiscard]] virtual bool can_be_filled() const { return true; }

  // Can this value stand here, and change nothing else (I9)? invalid_input or limit_exceeded if it
  // cannot.
  [[nodiscard]] virtual base::Status check(std::string_view value) const = 0;

  // The value as it is written at a spot: itself, or another spelling of it, behind it in the
  // scratch. It passed check(). limit_exceeded when the scratch is full.
  [[nodiscard]] virtual base::Result<Locked> write(Locked value,
                                                   vault::LockedBuffer& scratch) const {
    static_cast<void>(scratch);
    return value;
  }

  // Adds the edit by which the value stands here, where no placeholder does and can_be_filled().
  // limit_exceeded when the scratch is full.
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
