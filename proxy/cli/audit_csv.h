// SPDX-License-Identifier: Apache-2.0
//
// Records of the audit log as CSV (RFC 4180) for spreadsheets: what most analyses ask for, a column
// each; a cell is empty where a record has no such key. Pure.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// One cell. It is quoted where RFC 4180 asks for it. A spreadsheet takes a cell that begins with
// one of = + - @ TAB CR LF for a formula, also behind blanks or in full width, and clients choose
// what stands in some: such a cell gets an apostrophe in front.
std::string csv_cell(std::string_view text);

// The names of the columns; both end in CR LF.
std::string csv_heading();
std::string csv_row(std::string_view line);

}  // namespace keyswap::cli
