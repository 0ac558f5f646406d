// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/page.h"

#include <algorithm>
#include <string>

#include "proxy/manage/browser_rules.h"

namespace keyswap::manage {

Answer answer_page(Page page, std::string_view method, std::string_view path) {
  const std::string_view wanted = path == "/" ? "/index.html" : path;
  const auto found = std::ranges::find(page, wanted, &PageFile::path);
  if (found == page.end()) {
    return answer_error(404,
                        page.empty() ? "this keyswap was built without a page: the API is at /api"
                                     : "there is nothing of that name");
  }
  if (!is_reading(method)) {
    Answer refusal = answer_error(405, "not by that method");
    refusal.fields.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  return {.status = 200, .body = std::string(found->bytes), .type = found->type};
}

}  // namespace keyswap::manage
