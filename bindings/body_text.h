// SPDX-License-Identifier: Apache-2.0
//
// What a request's body is, by its Content-Type, as far as a value has to be written differently in
// it: a value that is put into a JSON string, a form's field or XML text is escaped as they escape,
// so that it stays one value there and changes nothing else (I9). In any other body it stands as it
// is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

enum class BodyText : std::uint8_t { raw, json, form, xml };

// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type_of(std::string_view content_type);

BodyText body_text_of(std::string_view media_type);

// Writes a value as it stands in such a body. invalid_input for what cannot be said there at all;
// limit_exceeded when `out` is full. `value` may be a secret: nothing of it stays here (I1).
base::Status write_in_body(BodyText text, std::string_view value, base::ByteSink& out);

// The ways in which programs write a placeholder in such a body: as it is, and as it is escaped
// there, where that differs.
std::vector<std::string> forms_in_body(BodyText text, std::string_view placeholder);

}  // namespace keyswap::bindings
