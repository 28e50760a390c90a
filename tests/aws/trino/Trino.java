import static io.trino.testing.TestingSession.testSessionBuilder;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.trino.plugin.memory.MemoryConnectorFactory;
import io.trino.spi.type.TimeZoneKey;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Executes each statement of a JSON list in one process, and writes the rows of each, or its error, as JSON. */
public class Trino {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        var session = testSessionBuilder().setCatalog("memory").setSchema("default").setTimeZoneKey(TimeZoneKey.UTC_KEY).build();
        var results = new ArrayList<Object>();
        try (var runner = LocalQueryRunner.create(session)) {
            for (String catalog : List.of("memory", "stored", "silver", "gold")) {
                runner.createCatalog(catalog, named(catalog), Map.of("memory.max-data-per-node", "1GB"));
            }
            for (String statement : JSON.readValue(Path.of(arguments[0]).toFile(), String[].class)) {
                results.add(execute(runner, statement));
            }
        }
        Files.writeString(Path.of(arguments[1]), JSON.writeValueAsString(results));
        System.exit(0);
    }

    /** A runner takes each kind of catalog once, by its name. */
    private static MemoryConnectorFactory named(String name) {
        return new MemoryConnectorFactory() {
            @Override
            public String getName() {
                return name;
            }
        };
    }

    private static Object execute(LocalQueryRunner runner, String statement) {
        try {
            var rows = new ArrayList<List<Object>>();
            for (MaterializedRow row : runner.execute(statement).getMaterializedRows()) {
                rows.add(row.getFields().stream().map(Trino::plain).toList());
            }
            return rows;
        } catch (RuntimeException error) {
            return String.valueOf(error.getMessage());
        }
    }

    private static Object plain(Object value) {
        return value == null || value instanceof Number || value instanceof Boolean || value instanceof List ? value : value.toString();
    }
}
