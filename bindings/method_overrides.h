// SPDX-License-Identifier: Apache-2.0
//
// Methods that a request names besides its own: in X-HTTP-Method-Override, X-HTTP-Method,
// X-Method-Override or _method, as a field or as a parameter of the query or of a form. Some
// servers act by those (docs/bindings.md, "Methods").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"

namespace keyswap::bindings {

struct MethodOverrides {
  std::vector<std::string> methods;  // upper case, each once
  // Something is named that is no method, or more than bounds::kMethodOverridesMax.
  bool are_unclear = false;

  [[nodiscard]] bool are_none() const { return methods.empty() && !are_unclear; }

  // Is anything named but this?
  [[nodiscard]] bool disagree_with(std::string_view method) const;
};

// Is it the name of a field that names a method?
bool names_method(std::string_view field);

// All add to `found`. Names are compared as loosely as the loosest server does: whatever the case,
// '-' and '.' and '_' alike, percent-decoded until stable, "_method[]" too.
void read_field_overrides(const http::HeaderList& fields, MethodOverrides& found);
// `pairs`: "a=1&b=2", of a query or a form.
void read_parameter_overrides(std::string_view pairs, MethodOverrides& found);
// Of a body that was collected: a form's, or a name of "_method" in JSON or multipart/form-data,
// whose value is not looked for.
void read_body_overrides(std::string_view body, MethodOverrides& found);
// The same with what the head says of the body: in JSON alone no form is looked for, so that a text
// in it may be about one.
void read_body_overrides(const http::HeaderList& fields,
                         std::string_view body,
                         MethodOverrides& found);

}  // namespace keyswap::bindings
