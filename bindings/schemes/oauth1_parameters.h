// SPDX-License-Identifier: Apache-2.0
//
// The parameters of a request of OAuth 1.0a (RFC 5849 section 3.4.1.3), read so strictly that no
// server can find others: for bindings/schemes/oauth1.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/signer.h"

namespace keyswap::bindings::oauth1 {

inline constexpr std::string_view kField = "authorization";
inline constexpr std::string_view kWord = "OAuth";

// Percent-encoded once, as it is signed.
struct Encoded {
  std::string name;
  std::string value;
};

struct Parameters {
  std::optional<std::string> realm;  // as it came; not signed
  std::vector<Encoded> own;          // of the Authorization field, in their order
  std::vector<Encoded> others;       // of the query and a form
  std::string signature;             // of the client; "": none. In neither list.

  // The value of one of the field's, or nullptr.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  // Adds one to the field's that is not there.
  void add_missing(std::string_view name, std::string value);
};

// Nothing for an Authorization of another form, or two of them; for a value with half an escape;
// for what belongs in the field and stands in the query or the form; for more than
// bounds::kOAuthParametersMax. Without the field its parameters are none.
std::optional<Parameters> read_parameters(const WholeRequest& request);

// The base string's URI (section 3.4.1.2).
std::string uri_of(const WholeRequest& request);

}  // namespace keyswap::bindings::oauth1
