// SPDX-License-Identifier: Apache-2.0
//
// The helpers of the template language, one line each in the table of template_functions.cc. A
// helper writes its result into locked memory that the caller sized with its bound (I1); it keeps
// nothing. Not here: the language itself (bindings/template.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings {

struct TemplateHelper {
  enum class Use : std::uint8_t { filter, function };  // `X | name` or `name(X, Y)`

  std::string_view name;
  Use use;
  std::size_t arguments;  // of a filter: 1, its input
  std::string_view help;
  // How long the result can be at most, from the length of the first argument.
  std::size_t (*size_max)(std::size_t first);
  // Writes the result to `out` and gives its length. invalid_input when an argument does not
  // decode.
  base::Result<std::size_t> (*apply)(std::span<const std::string_view> arguments,
                                     std::int64_t now_s,
                                     char* out);
};

std::span<const TemplateHelper> template_helpers();
// The helper of that name, or nullptr. Lives as long as the program.
const TemplateHelper* find_template_helper(std::string_view name);

}  // namespace keyswap::bindings
