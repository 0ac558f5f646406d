// SPDX-License-Identifier: Apache-2.0
//
// The text of an element of an XML answer (XML 1.0), read where it lies, in locked memory. It is
// the little XML that AWS's older services answer with: elements, attributes and text. A document
// type, a CDATA section, a comment or an entity in the text that is wanted is none of it.
#pragma once

#include <optional>
#include <string_view>

namespace keyswap::vault {

// Of the only element at `path`, such as "/ErrorResponse/Error/Code". Nothing: it is not there, is
// there twice, has elements in it, or the text is no such XML; lives as long as `xml`.
std::optional<std::string_view> xml_text(std::string_view xml, std::string_view path);

}  // namespace keyswap::vault
