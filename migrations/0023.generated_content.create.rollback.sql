DROP TABLE generated_content;
