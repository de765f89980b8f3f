// Libzip as it is: its functions and constants import into Swift without help.
#include <zip.h>
