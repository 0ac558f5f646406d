// SPDX-License-Identifier: Apache-2.0
//
// GraphQL's tokens (spec of October 2021, sections 2.1 and 2.9), for bindings/graphql.cc. White
// space, commas and comments lie between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings {

struct GraphqlToken {
  enum class Kind : std::uint8_t { end, punctuator, name, number, string };

  Kind kind = Kind::end;
  std::string_view text;  // as it is written; a string with its quotes

  [[nodiscard]] bool is(char c) const {
    return kind == Kind::punctuator && text.size() == 1 && text.front() == c;
  }

  [[nodiscard]] bool is_spread() const { return kind == Kind::punctuator && text.size() == 3; }

  [[nodiscard]] bool is_name(std::string_view word) const {
    return kind == Kind::name && text == word;
  }
};

class GraphqlTokens {
 public:
  // `text` must outlive it.
  explicit GraphqlTokens(std::string_view text) : rest_(text) {}

  // The next one; behind the last one `end`, again and again. invalid_input for what is none;
  // limit_exceeded past bounds::kGraphqlTokensMax.
  base::Result<GraphqlToken> next();

 private:
  base::Status skip_ignored();
  base::Status skip_comment();
  base::Result<GraphqlToken> take(GraphqlToken::Kind kind, std::size_t bytes);
  base::Result<GraphqlToken> take_number();
  base::Result<GraphqlToken> take_string();
  base::Result<GraphqlToken> take_block_string();

  std::string_view rest_;
  std::size_t count_ = 0;
};

}  // namespace keyswap::bindings
