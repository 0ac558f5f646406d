// SPDX-License-Identifier: Apache-2.0
//
// The template language (docs/bindings.md): text with `{{ expressions }}` that put parts, string
// literals and the results of helpers together. A small total language: no loops, no conditions, no
// attributes, strings only; every misuse is an error when it is compiled, with its place. What it
// computes on the way is secret and lives in locked memory only (I1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bindings/template_functions.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings {

struct TemplateError {
  std::size_t offset = 0;  // into the template's source
  std::string text;        // quotes names only, never text or literals of the template
};

// Is it a name that an expression can use: [A-Za-z_][A-Za-z0-9_]*, and no constant of the language?
bool is_template_name(std::string_view name);

class Template {
 public:
  // The compiled template, or why not. `parts`: the names that expressions may use.
  static std::variant<Template, TemplateError> compile(std::string_view source,
                                                       std::span<const std::string> parts);

  // Does any expression use part number `part`?
  [[nodiscard]] bool uses(std::size_t part) const;

  // The text, in locked memory. `values`: those of `parts`, in the same order. invalid_input when a
  // part is empty or does not decode; limit_exceeded past bounds::kTemplateScratchBytesMax;
  // unavailable when there is no locked memory.
  [[nodiscard]] base::Result<vault::Secret> render(std::span<const std::string_view> values,
                                                   std::int64_t now_s) const;

  // A step of the compiled program, which works on a stack of strings.
  struct Step {
    enum class Kind : std::uint8_t {
      text,  // push texts[index]
      part,  // push values[index]
      join,  // pop two, push both as one
      call,  // pop the helper's arguments, push its result
    };
    Kind kind = Kind::text;
    std::size_t index = 0;                   // for text and part
    const TemplateHelper* helper = nullptr;  // for call
  };

 private:
  friend class TemplateCompiler;  // fills the two below, in bindings/template.cc
  std::vector<Step> steps_;
  std::vector<std::string> texts_;
};

}  // namespace keyswap::bindings
