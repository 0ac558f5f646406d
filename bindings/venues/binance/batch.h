// SPDX-License-Identifier: Apache-2.0
//
// The value of `batchOrders`: a JSON array of flat objects, read strictly, because the venue
// must not find other orders in it than the policy did.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings::binance {

// A name and its value as text: of a request's parameter, or of a member of a JSON object (numbers
// as they are written; true, false, null as words).
struct TextField {
  std::string name;
  std::string value;
};

using TextFields = std::vector<TextField>;

// The value of that name, or nullptr.
const std::string* find_field(const TextFields& fields, std::string_view name);

// One entry for each object. Nothing if it is no such array (RFC 8259), is empty, has more than
// bounds::kBatchOrdersMax objects, nests, has an escape in a string, or a name twice in an object,
// whether in another case or not (also of one that the policy reads).
std::optional<std::vector<TextFields>> read_batch(std::string_view json);

}  // namespace keyswap::bindings::binance
