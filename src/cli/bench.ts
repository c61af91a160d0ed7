/** Entry of `npm run bench`. */
process.stderr.write("handloom: no benchmark is part of this build\n");
process.exit(1);
