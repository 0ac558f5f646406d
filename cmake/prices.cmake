# Run at build time: -DOUT=FILE.cc -DFILE=prices.yaml. Writes the list of prices as a string literal.
file(READ "${FILE}" text)
file(WRITE "${OUT}" "// Made by cmake/prices.cmake.
#include \"bindings/price_text.h\"

namespace keyswap::bindings {

const std::string_view kPriceText = R\"yaml(${text})yaml\";

}  // namespace keyswap::bindings
")
